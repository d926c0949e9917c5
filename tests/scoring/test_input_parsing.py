"""What a line may look like, fast or slow."""

from __future__ import annotations

import io
import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from score_worlds import at, counted, map_lines, rows_of, schema_messages, to_lines

from scoring_transform import reader
from scoring_transform.lines import Lines
from scoring_transform.parsing import (
    FIELDS,
    to_frame,
    to_instant,
    to_typed,
)
from scoring_transform.reader import to_blocks
from scoring_transform.states import HeldStates
from scoring_transform.unwrapping import unwrap
from sync_core.errors import FatalError

KEYS = {"event_id": "e", "activity_id": "a", "activity": "chat"}


COMPACT, SPACED = (",", ":"), (", ", ": ")
FORMS = {
    "compact": (COMPACT, {}),
    "spaced": (SPACED, {}),
    "compact-timed": (COMPACT, {"time_extracted": "2026-03-02T10:00:00Z"}),
    "spaced-timed": (SPACED, {"time_extracted": "2026-03-02T10:00:00Z"}),
    "unusual": (COMPACT, {"version": 1}),
    "more-behind": (COMPACT, {"more": {"a": 1}}),
    "more-behind-timed": (COMPACT, {"more": {}, "time_extracted": "2026-03-02"}),
}
USUAL = ("compact", "spaced", "compact-timed", "spaced-timed")
TRAPS = st.sampled_from(
    [
        {"time_extracted": "x"},
        {"a": {"b": 1}, "time_extracted": "x"},
        '},"time_extracted":"',
        "}}\n",
        '{"type":"RECORD","stream":"activities","record":',
    ]
)


def lines(*records: Any, form: str = "compact") -> bytes:
    """Return records as RECORD lines."""
    separators, more = FORMS[form]
    heads = {"type": "RECORD", "stream": "activities"}
    messages = [{**heads, "record": record, **more} for record in records]
    texts = [json.dumps(message, separators=separators) for message in messages]
    return "".join(f"{text}\n" for text in texts).encode()


def waiting(data: bytes, count: int) -> Lines:
    """Return lines that wait to be parsed."""
    read = Lines("activities")
    read.add(data, 1, count)
    return read


@pytest.mark.parametrize("form", FORMS)
@given(
    records=st.lists(
        st.fixed_dictionaries(
            {"event_id": st.text(), "activity_id": st.text(), "activity": st.text()},
            optional={
                "detail": st.none() | st.text(),
                "quantity": st.none()
                | st.integers(-(2**53), 2**53)
                | st.floats(0, 1e6),
                "anonymous": st.none() | st.booleans(),
                "new_field": st.text() | st.integers() | TRAPS,
                "time_extracted": st.text() | TRAPS,
            },
        ),
        min_size=1,
    ),
)
def test_fast_and_slow_reading_agree(form: str, records: list[dict[str, Any]]) -> None:
    """Whatever the text is, whatever is missing or new, however a tap writes it."""
    data = lines(*records, form=form)
    [frame] = waiting(data, len(records)).take()
    assert to_typed("activities", to_frame("activities", records)).equals(
        frame.drop("number")
    )


@pytest.mark.parametrize("form", USUAL)
def test_usual_lines_are_cut(form: str) -> None:
    """What stands around the records goes."""
    records = [KEYS, KEYS | {"new_field": {"a": {"b": 1}}}]
    cut = unwrap("activities", lines(*records, form=form), 2) or b""
    assert [json.loads(line) for line in cut.splitlines()] == records


@pytest.mark.parametrize("form", ["unusual", "more-behind", "more-behind-timed"])
def test_unusual_lines_are_read_all_the_same(form: str) -> None:
    """Slowly, with nothing taken for what it is not."""
    [frame] = waiting(lines(KEYS, KEYS, form=form), 2).take()
    assert frame["activity_id"].to_list() == ["a", "a"]


def test_lines_in_different_forms_are_not_cut() -> None:
    """None of them, so that nothing is taken for what it is not."""
    data = lines(KEYS) + lines(KEYS, form="spaced") + lines(KEYS, form="compact-timed")
    assert unwrap("activities", data, 3) is None
    [frame] = waiting(data, 3).take()
    assert frame["event_id"].to_list() == ["e", "e", "e"]


def test_lines_stay_in_their_order() -> None:
    """Also if some of them are unusual, which are read in another way."""
    read = Lines("activities")
    for number, form in enumerate(FORMS):
        read.add(lines(KEYS | {"event_id": form}, form=form), number, 1)
    rows = pl.concat(read.take())
    assert rows["event_id"].to_list() == list(FORMS)
    assert rows["number"].to_list() == list(range(len(FORMS)))


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(12, id="number"),
        pytest.param("\ud800", id="lone-surrogate"),
        pytest.param(7.0, id="whole-float"),
        pytest.param(7.5, id="float"),
        pytest.param("a\x00b", id="nul"),
        pytest.param("x" * 1_000_000, id="long"),
        pytest.param({"a": [1]}, id="object"),
        pytest.param("👩‍🚀 =1+1", id="emoji"),
    ],
)
def test_odd_ids_are_text(value: Any) -> None:
    """Any id is a text, the same however its line is written and read."""
    record = KEYS | {"event_id": value}
    read = [
        frame["event_id"][0]
        for form in ("compact", "unusual")
        for frame in waiting(lines(record, form=form), 1).take()
    ]
    assert read[0]
    assert read == [read[0], read[0]]


def test_half_a_surrogate_pair_is_read_in_either_spelling() -> None:
    """Python writes its hexadecimal digits small, others do not."""
    small = lines(KEYS | {"event_id": "\ud83d"})
    large = small.replace(b"\\ud83d", b"\\uD83D")
    assert small != large
    found = [next(waiting(data, 1).take())["event_id"][0] for data in (small, large)]
    assert found == ["?", "?"]


@pytest.mark.parametrize(
    ("record", "wanted"),
    [
        (KEYS | {"quantity": "many"}, "quantity"),
        (KEYS | {"quantity": True}, "quantity"),
        (KEYS | {"anonymous": "yes"}, "anonymous"),
        (KEYS | {"occurred_at": "yesterday"}, "occurred_at"),
        (KEYS | {"ended_at": "2026-13-01T00:00:00Z"}, "ended_at"),
        ({"event_id": "e", "activity": "chat"}, "1 records.*activity_id"),
        (KEYS | {"event_id": None}, "event_id"),
        (None, "record"),
        ([1], "record"),
    ],
)
def test_what_cannot_be_read_is_named(record: Any, wanted: str) -> None:
    """By its field, never by its content."""
    with pytest.raises(FatalError, match=wanted) as caught:
        list(waiting(lines(record), 1).take())
    assert "yesterday" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("2026-03-02T10:05:00Z", 5),
        ("2026-03-02T12:05:00+02:00", 5),
        ("2026-03-02T10:05:00.000+00:00", 5),
        ("2026-03-02 10:05:00", 5),
        ("2026-03-02T10:05", 5),
        ("2026-03-02", -600),
    ],
)
def test_times(text: str, minutes: int) -> None:
    """ISO 8601; without an offset it is UTC."""
    records = [KEYS | {"occurred_at": text}, KEYS | {"occurred_at": at(0)}]
    frame = to_typed("activities", to_frame("activities", records))
    assert frame["starts"][0] - frame["starts"][1] == minutes * 60_000_000
    assert to_instant(text, "x") == frame["starts"][0]


@pytest.mark.parametrize("size", [1, 7, 64, 1 << 20])
def test_blocks_are_whole_lines(size: int) -> None:
    """However the bytes arrive, and whether the last line ends or not."""
    data = b"a\nbb\n\n" + b"c" * 100 + b"\nlast"
    blocks = list(to_blocks(io.BytesIO(data).read, size=size))
    assert data + b"\n" == b"".join(blocks)
    assert all(block.endswith(b"\n") for block in blocks)


def test_a_line_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is not filled with something that is no message."""
    monkeypatch.setattr(reader, "LONGEST_LINE", 1000)
    with pytest.raises(FatalError, match="MiB"):
        list(to_blocks(io.BytesIO(b"x" * 5000).read, size=100))


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(lambda m: json.dumps(m, separators=(",", ":")), id="compact"),
        pytest.param(json.dumps, id="spaced"),
        pytest.param(lambda m: json.dumps(dict(reversed(m.items()))), id="reversed"),
        pytest.param(lambda m: json.dumps(m) + "\n  ", id="blank-lines"),
        pytest.param(lambda m: json.dumps(m) + "\r", id="crlf"),
        pytest.param(lambda m: json.dumps(m | {"time_extracted": at(0)}), id="time"),
    ],
)
def test_the_form_of_a_line_is_nothing(form: Any) -> None:
    """Key order, white space and further keys of a message."""
    messages = [*schema_messages(), *counted("chat", [3, 2, 1]).messages()]
    data = "".join(form(m) + "\n" for m in messages).encode()
    assert map_lines(to_lines(messages)) == map_lines(data)


def test_decimals_come_out_as_plain_numbers() -> None:
    """A number with a fraction is a number, not a text."""
    messages = [*schema_messages(), *counted("chat", [3, 2, 1]).messages()]
    sent = map_lines(to_lines(messages))
    scores = [row["live_lead_score"] for row in rows_of(sent, "lead_scores")]
    assert scores == [100.0, 66.6, 33.3]


def test_tenths_are_shown_exactly() -> None:
    """No 3.3000000000000003: every tenth from 0 to 100 is its nearest number."""
    tenths = pl.DataFrame({"x": range(1001)}).select((pl.col("x") / 10).round(1))
    assert [n / 10 for n in range(1001)] == tenths["x"].to_list()


def test_held_states_are_few() -> None:
    """Only the newest between two openings can ever be forwarded."""
    held = HeldStates()
    for number in range(1, 100):
        held.add(number, b"s%d" % number)
    assert held.release([50, 80]) == (49, b"s49")
    assert held.size == len(b"s79") + len(b"s99")
    assert held.release([80]) == (79, b"s79")
    assert held.release([80]) is None
    assert held.release([]) == (99, b"s99")
    assert held.release([]) is None


@pytest.mark.parametrize("stream", ["activities", "attendees", "sessions"])
def test_empty_frames_have_all_columns(stream: str) -> None:
    """So that an event without any of them scores like others."""
    assert to_frame(stream, []).columns == list(FIELDS[stream])
