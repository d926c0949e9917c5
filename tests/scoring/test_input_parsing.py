"""What a line may look like, fast or slow."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from score_worlds import at, counted, map_lines, rows_of, schema_messages, to_lines

from scoring_transform import lines as scoring_lines
from scoring_transform import reader
from scoring_transform.forms import FITS, to_form
from scoring_transform.lines import Lines
from scoring_transform.parsing import (
    FIELDS,
    decode,
    to_frame,
    to_instant,
    to_typed,
)
from scoring_transform.reader import to_blocks
from scoring_transform.states import HeldStates
from sync_core.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Callable

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


POOL = ThreadPoolExecutor(1)


def lines(*records: Any, form: str = "compact") -> bytes:
    """Return records as RECORD lines."""
    separators, more = FORMS[form]
    heads = {"type": "RECORD", "stream": "activities"}
    messages = [{**heads, "record": record, **more} for record in records]
    texts = [json.dumps(message, separators=separators) for message in messages]
    return "".join(f"{text}\n" for text in texts).encode()


def parsed(data: bytes, count: int) -> pl.DataFrame:
    """Return the rows of lines that waited to be parsed."""
    read = Lines("activities", POOL)
    read.add(data, 1, count)
    return pl.concat(read.take())


def fits(data: bytes, *, is_message: bool = True) -> list[bool]:
    """Return which lines have the form of the first one."""
    first = data[: data.index(b"\n")]
    form = to_form(first, is_message=is_message)
    assert form is not None
    read = form.read(data, FIELDS["activities"])
    assert read is not None
    return read[FITS].to_list()


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
    frame = parsed(data, len(records))
    assert to_typed("activities", to_frame("activities", records)).equals(
        frame.drop("number")
    )


@pytest.mark.parametrize("form", ["unusual", "more-behind", "more-behind-timed"])
def test_unusual_lines_are_read_all_the_same(form: str) -> None:
    """Slowly, with nothing taken for what it is not."""
    frame = parsed(lines(KEYS, KEYS, form=form), 2)
    assert frame["activity_id"].to_list() == ["a", "a"]


@pytest.mark.parametrize("form", USUAL)
def test_usual_lines_have_a_form(form: str) -> None:
    """Whatever their values are, as long as they are plain."""
    full = KEYS | {"quantity": 1.5, "anonymous": True, "new": "x", "empty": {}}
    last = full | {"quantity": None, "anonymous": False, "event_id": None, "new": None}
    data = lines(full, full | {"activity_id": "b c"}, last, form=form)
    assert fits(data.replace(b"b c", "é".encode())) == [True] * 3


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda line: line.replace(b'"a"', b'"a,b"'), id="comma"),
        pytest.param(lambda line: line.replace(b'"a"', b'"a\\"b"'), id="quote"),
        pytest.param(lambda line: line.replace(b'"a"', b'"\\u00e9"'), id="escape"),
        pytest.param(lambda line: line.replace(b'"a"', b'"a":"b"'), id="two-values"),
        pytest.param(lambda line: line.replace(b'"a"', b'"'), id="half-a-text"),
        pytest.param(lambda line: line.replace(b'"a"', b"7"), id="number-for-text"),
        pytest.param(lambda line: line.replace(b'"a"', b"nul"), id="no-value"),
        pytest.param(lambda line: line.replace(b'"a"', b'{"a":1}'), id="object"),
        pytest.param(lambda line: line.replace(b"2.5", b"1e2"), id="power-of-ten"),
        pytest.param(lambda line: line.replace(b"2.5", b"02"), id="octal"),
        pytest.param(lambda line: line.replace(b"2.5", b"NaN"), id="nan"),
        pytest.param(lambda line: line.replace(b"2.5", b'"2.5"'), id="text-for-number"),
        pytest.param(lambda line: line.replace(b"true", b"1"), id="number-for-flag"),
        pytest.param(lambda line: line.replace(b"RECORD", b"STATE"), id="type"),
        pytest.param(lambda line: line.replace(b"activity_id", b"id"), id="key"),
        pytest.param(lambda line: line.replace(b"}}\n", b'},"x":1}\n'), id="more"),
        pytest.param(lambda line: line.replace(b"}}\n", b'}},{"x":1}\n'), id="behind"),
        pytest.param(lambda line: line.replace(b"}}\n", b"}\n"), id="cut-off"),
        pytest.param(lambda line: line[:40] + b"\n", id="torn"),
        pytest.param(lambda line: line[:-1] + line, id="two-in-one"),
    ],
)
def test_a_line_that_differs_in_anything_but_its_values_does_not_fit(
    change: Any,
) -> None:
    """Then it is read as JSON, or refused."""
    line = lines(KEYS | {"quantity": 2.5, "anonymous": True, "detail": "x"})
    changed = change(line)
    assert changed != line
    assert fits(line + changed + line) == [True, False, True]


@pytest.mark.parametrize(
    ("data", "is_message"),
    [
        (lines(KEYS | {"custom": {"a": 1}}), True),
        (lines(KEYS | {"detail": "a,b"}), True),
        (lines(KEYS | {"detail": "a\tb"}), True),
        (lines(KEYS), False),
        (b'{"event_id":"e"}\n', True),
        (b'{"record":{},"event_id":"e"}\n', True),
        (b'{"type":"RECORD","record":{"event_id":"e","event_id":"f"}}\n', True),
    ],
)
def test_some_lines_show_no_form(data: bytes, is_message: bool) -> None:  # noqa: FBT001
    """Nested values, and texts that are not written as they are."""
    assert to_form(data[:-1], is_message=is_message) is None


def test_lines_of_several_forms_are_read_together() -> None:
    """Taps that leave out what is empty, and messages of several taps."""
    few = {"event_id": "f", "activity_id": "b", "activity": "question"}
    records = [KEYS, KEYS | {"detail": "a, b"}, few, KEYS | {"object_id": "o"}] * 50
    data = b"".join(
        lines(record, form=form)
        for record, form in zip(records, [*USUAL, "unusual"] * 40, strict=True)
    )
    rows = parsed(data, len(records))
    assert to_typed("activities", to_frame("activities", records)).equals(
        rows.drop("number")
    )
    assert rows["number"].to_list() == list(range(1, 201))


def test_lines_in_different_forms_are_told_apart() -> None:
    """Nothing is taken for what it is not."""
    data = lines(KEYS) + lines(KEYS, form="spaced") + lines(KEYS, form="compact-timed")
    assert fits(data) == [True, False, False]
    assert parsed(data, 3)["event_id"].to_list() == ["e", "e", "e"]


@pytest.mark.parametrize("company", [0, 1, 50])
def test_a_torn_line_is_refused_in_any_company(company: int) -> None:
    """Without a word of what stands in it."""
    good = lines(KEYS) * company
    torn = lines(KEYS | {"detail": "secret"})[:-5] + b"\n"
    with pytest.raises(FatalError, match="not JSON") as caught:
        parsed(good + torn + good, 2 * company + 1)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("company", [b"", lines(KEYS | {"detail": "a, b"})])
def test_a_tab_in_a_text_is_read_in_any_company(company: bytes) -> None:
    """JSON wants it escaped; whoever does not do so still has it in the text."""
    data = lines(KEYS) + lines(KEYS).replace(b'"a"', b'"a\tb"') + company
    assert parsed(data, data.count(b"\n"))["activity_id"][1] == "a\tb"


@given(
    cuts=st.lists(st.integers(0, 200), min_size=1, max_size=3),
    inserted=st.sampled_from(list('",:{}[] x0-\\')),
)
def test_changed_lines_are_read_as_json_or_refused(
    cuts: list[int], inserted: str
) -> None:
    """Wherever a character came between: never as something else."""
    plain = lines(KEYS | {"quantity": 2.5, "detail": "x"})[:-1].decode()
    text = plain
    for cut in cuts:
        text = text[:cut] + inserted + text[cut:]
    data = f"{plain}\n{text}\n{plain}\n".encode()
    assert fits(data)[0]
    assert outcome(lambda: parsed(data, 3).drop("number")) == outcome(
        lambda: to_typed("activities", to_frame("activities", decoded(data)))
    )


def decoded(data: bytes) -> list[Any]:
    """Return the records of messages, decoded one by one."""
    return [decode(line).get("record") for line in data.splitlines()]


def outcome(read: Callable[[], pl.DataFrame]) -> list[Any] | str:
    """Return the rows that are read, or why nothing is."""
    try:
        return read().rows()
    except FatalError as error:
        return str(error)


def test_lines_stay_in_their_order() -> None:
    """Also if some of them are unusual, which are read in another way."""
    read = Lines("activities", POOL)
    for number, form in enumerate(FORMS):
        read.add(lines(KEYS | {"event_id": form}, form=form), number, 1)
    rows = pl.concat(read.take())
    assert rows["event_id"].to_list() == list(FORMS)
    assert rows["number"].to_list() == list(range(len(FORMS)))
    assert (read.take(), read.size) == ([], 0)


def test_lines_are_parsed_while_more_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """In pieces that stay in their order, with nothing lost between them."""
    monkeypatch.setattr(scoring_lines, "PIECE", 300)
    read = Lines("activities", POOL)
    sent = [lines(KEYS | {"event_id": str(number)}) for number in range(50)]
    for number, line in enumerate(sent):
        read.add(line, number, 1)
    assert read.size == sum(map(len, sent))
    pieces = read.take()
    assert len(pieces) > 5
    rows = pl.concat(pieces)
    assert rows["event_id"].to_list() == [str(number) for number in range(50)]
    assert rows["number"].to_list() == list(range(50))


def test_what_cannot_be_parsed_is_refused_when_it_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However long ago it came."""
    monkeypatch.setattr(scoring_lines, "PIECE", 1)
    read = Lines("activities", POOL)
    read.add(lines({"event_id": None}), 1, 1)
    read.add(lines(KEYS), 2, 1)
    with pytest.raises(FatalError, match="no `event_id`"):
        read.take()


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
        parsed(lines(record, form=form), 1)["event_id"][0]
        for form in ("compact", "more-behind")
    ]
    assert read[0]
    assert read == [read[0], read[0]]


def test_half_a_surrogate_pair_is_read_in_either_spelling() -> None:
    """Python writes its hexadecimal digits small, others do not."""
    small = lines(KEYS | {"event_id": "\ud83d"})
    large = small.replace(b"\\ud83d", b"\\uD83D")
    assert small != large
    found = [parsed(data, 1)["event_id"][0] for data in (small, large)]
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
        parsed(lines(record), 1)
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
