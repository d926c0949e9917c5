"""Tables of the user's own, by a mapping of their columns."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync_core.errors import FatalError, SettingError
from sync_core.mappings import shipped
from tap_events.files.table_mapping import load_tables
from tap_events.records import ActivityKind, Role, Window

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Look

EVENT = {"id": {"constant": "e1"}, "name": {"constant": "Spring"}}
ROWS = [
    {"Mail": "Ada@example.com", "What": "Message", "Item": "", "N": "2", "At": ""},
    {
        "Mail": "ben@example.org",
        "What": "Click",
        "Item": "Pricing",
        "N": "",
        "At": "2026-11-12T16:00:00Z",
    },
]
TABLE: dict[str, Any] = {
    "name": "log",
    "event": EVENT,
    "person": {"email": "Mail"},
    "activities": [
        {
            "activity": {
                "column": "What",
                "values": {"Message": "chat", "Click": "cta_click", "Login": "ignore"},
            },
            "object": "Item",
            "quantity": "N",
            "at": "At",
        }
    ],
}


def to_csv(rows: list[dict[str, str]], delimiter: str = ",") -> str:
    """Return rows as a table of text."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


@pytest.fixture
def mapped(look: Look, tmp_path: Path) -> Callable[..., Look]:
    """A look with a mapping of these tables."""

    def with_tables(*tables: dict[str, Any]) -> Look:
        path = tmp_path / "mapping.yml"
        plain = json.loads(json.dumps({"tables": tables}))  # no part twice: no aliases
        path.write_text(yaml.safe_dump(plain), encoding="utf-8")
        look.mapping_path = str(path)
        return look

    return with_tables


def table(*activities: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return the usual table with other parts."""
    found = {**TABLE, **changes}
    return {**found, "activities": list(activities)} if activities else found


def write_as(kind: str, path: Path) -> Path:
    """Write the rows in one of the formats."""
    if kind == "parquet":
        pl.DataFrame(ROWS).write_parquet(path)
    elif kind == "jsonl":
        path.write_text("\n".join(map(json.dumps, ROWS)) + "\n", encoding="utf-8")
    else:
        delimiter, encoding = kind.split(" ")
        path.write_text(to_csv(ROWS, delimiter.replace("tab", "\t")), encoding=encoding)
    return path


@pytest.mark.parametrize(
    "kind",
    [
        "parquet",
        "jsonl",
        *(
            f"{delimiter} {encoding}"
            for delimiter in (",", ";", "tab", "|")
            for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le")
        ),
    ],
)
def test_one_table_means_the_same_in_every_format(
    kind: str, mapped: Callable[..., Look], put: Callable[..., Path]
) -> None:
    """The format is told by content."""
    look = mapped(TABLE).at(write_as(kind, put("log.dat", b"")))
    assert look.bundle.event.event_id == "files:e1"
    assert look.counts("chat") == {"ada@example.com": 2}
    [click] = look.activities("cta_click")
    assert (click.object_id, click.detail) == ("Pricing", "Pricing")
    assert click.occurred_at == datetime(2026, 11, 12, 16, 0, tzinfo=UTC)
    assert look.rejected == []


def test_the_ids_do_not_depend_on_the_format(
    mapped: Callable[..., Look], put: Callable[..., Path]
) -> None:
    """The same source fact has the same id."""
    look = mapped(TABLE)
    found = [
        {
            one.activity_id
            for one in look.at(write_as(kind, put(f"{n}.dat", b""))).activities()
        }
        for n, kind in enumerate(("parquet", "jsonl", "; utf-16"))
    ]
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param(
            {"What": "Dance"},
            "the word in column 'What' is not in `values` of the mapping; add it, as "
            "'ignore' if it does not count",
            id="unknown word",
        ),
        pytest.param(
            {"Mail": ""}, "the row names nobody: no e-mail and no name", id="nobody"
        ),
        pytest.param(
            {"N": "many"},
            "the cell in column 'N' is not a number of 0 or more",
            id="count",
        ),
        pytest.param(
            {"N": "-1"},
            "the cell in column 'N' is not a number of 0 or more",
            id="negative",
        ),
        pytest.param(
            {"N": "inf"},
            "the cell in column 'N' is not a number of 0 or more",
            id="endless",
        ),
        pytest.param(
            {"At": "noon"},
            "the cell in column 'At' is not a time of the form 'iso'",
            id="time",
        ),
    ],
)
def test_a_bad_row_is_told_with_its_line(
    row: dict[str, str],
    reason: str,
    mapped: Callable[..., Look],
    put: Callable[..., Path],
) -> None:
    """The others count."""
    path = put("log.csv", to_csv([ROWS[0], {**ROWS[0], **row}, ROWS[1]]))
    look = mapped(TABLE).at(path)
    assert [(r.file, r.row, r.reason) for r in look.rejected] == [
        (str(path), 3, reason)
    ]
    assert len(look.activities()) == 2


def test_a_word_to_ignore_is_no_rejected_row(
    mapped: Callable[..., Look], put: Callable[..., Path]
) -> None:
    """Left out on purpose; the person stays."""
    look = mapped(TABLE).at(put("log.csv", to_csv([{**ROWS[0], "What": "login"}])))
    assert look.activities() == []
    assert look.people.keys() == {"ada@example.com"}
    assert look.rejected == []


def test_bad_json_lines_are_told_once(
    mapped: Callable[..., Look], put: Callable[..., Path]
) -> None:
    """Even when several mappings were tried on the file."""
    lines = [json.dumps(ROWS[0]), "{torn", "[1]", "", json.dumps(ROWS[1])]
    other = table(person={"email": "Elsewhere"})
    look = mapped(other, TABLE).at(put("log.jsonl", "\n".join(lines)))
    assert [(r.row, r.reason) for r in look.rejected] == [
        (2, "the line is not one JSON object"),
        (3, "the line is not one JSON object"),
    ]


def test_nested_fields_have_dotted_names(
    mapped: Callable[..., Look], put: Callable[..., Path]
) -> None:
    """In JSON as in Parquet."""
    data = [{"user": {"email": "ada@example.com", "deep": {"n": 3.0}}}]
    mapping = table(
        {"activity": "reaction", "quantity": "user.deep.n"},
        person={"email": "user.email"},
    )
    parquet = put("log.parquet", b"")
    pl.DataFrame(data).write_parquet(parquet)
    for path in (put("log.jsonl", json.dumps(data[0])), parquet):
        assert mapped(mapping).at(path).counts("reaction") == {"ada@example.com": 3}


@pytest.mark.parametrize(
    ("times", "text"),
    [
        ({"format": "iso"}, "2026-07-12T14:00:00Z"),
        ({"format": "iso", "timezone": "Europe/Berlin"}, "2026-07-12 16:00"),
        ({"format": "iso"}, "2026-07-12T16:00:00+02:00"),
        ({"format": "epoch_s"}, "1783864800"),
        ({"format": "epoch_ms"}, "1783864800000"),
        ({"format": "month_first"}, "7/12/26, 2:00:00 PM"),
        ({"format": "day_first"}, "12.07.2026 14:00"),
        ({"format": "%Y%m%d-%H%M", "timezone": "Europe/Berlin"}, "20260712-1600"),
    ],
    ids=str,
)
def test_times_are_read_in_the_form_and_zone_of_the_mapping(
    times: dict[str, str],
    text: str,
    mapped: Callable[..., Look],
    put: Callable[..., Path],
) -> None:
    """All of these mean the same moment."""
    rows = [{**ROWS[1], "At": text}]
    [one] = mapped(table(times=times)).at(put("log.csv", to_csv(rows))).activities()
    assert one.occurred_at == datetime(2026, 7, 12, 14, 0, tzinfo=UTC)


def test_typed_times_need_no_form(
    mapped: Callable[..., Look], put: Callable[..., Path]
) -> None:
    """Parquet knows what a time is; one without zone is in the mapping's."""
    path = put("log.parquet", b"")
    moment = datetime.fromisoformat("2026-07-12T16:00:00")
    pl.DataFrame([{**ROWS[1], "At": moment}]).write_parquet(path)
    times = {"format": "epoch_ms", "timezone": "Europe/Berlin"}
    [one] = mapped(table(times=times)).at(path).activities()
    assert one.occurred_at == datetime(2026, 7, 12, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("unit", "text", "expected"),
    [
        ("seconds", "90", 90),
        ("minutes", "1.5", 90),
        ("minutes", "1,5", 90),
        ("hours", "0.5", 1800),
        ("HH:MM:SS", "00:01:30", 90),
        ("seconds", "", None),
        ("seconds", "0", None),
    ],
)
def test_time_is_counted_in_the_unit_of_the_mapping(
    unit: str,
    text: str,
    expected: float | None,
    mapped: Callable[..., Look],
    put: Callable[..., Path],
) -> None:
    """No time is no activity."""
    mapping = table({"activity": "time_in_session", "quantity": "N", "unit": unit})
    look = mapped(mapping).at(
        put("log.csv", to_csv([{"Mail": "a@example.com", "N": text}], ";"))
    )
    watched = {} if expected is None else {"a@example.com": expected}
    assert look.counts("time_in_session") == watched


def test_a_stay_has_its_length_from_its_times(
    mapped: Callable[..., Look], put: Callable[..., Path]
) -> None:
    """Start and end; a stay that ends before it begins is rejected."""
    mapping = table({"activity": "time_in_session", "at": "From", "until": "To"})
    start, end = "2026-07-12T14:00:00Z", "2026-07-12T14:10:00Z"
    rows = [
        {"Mail": "a@example.com", "From": start, "To": end},
        {"Mail": "b@example.com", "From": end, "To": start},
    ]
    look = mapped(mapping).at(put("log.csv", to_csv(rows)))
    assert look.watched() == {"a@example.com": 600}
    assert [r.reason for r in look.rejected] == [
        "the time in column 'To' is before that in 'From'"
    ]


def test_columns_of_counts_give_an_activity_each(
    mapped: Callable[..., Look], put: Callable[..., Path]
) -> None:
    """Polls are counted by distinct poll, so three answers are three polls."""
    mapping = table(
        {"activity": "chat", "quantity": "Chats"},
        {"activity": "poll_response", "quantity": "Polls"},
    )
    rows = [
        {"Mail": "a@example.com", "Chats": "4", "Polls": "3"},
        {"Mail": "b@example.com", "Chats": "", "Polls": "0"},
    ]
    look = mapped(mapping).at(put("log.csv", to_csv(rows)))
    assert look.counts("chat") == {"a@example.com": 4}
    assert [one.object_id for one in look.activities("poll_response")] == [
        "1",
        "2",
        "3",
    ]
    assert {one.window for one in look.activities()} == {Window.LIVE}
    assert look.people.keys() == {"a@example.com", "b@example.com"}


def test_a_count_beyond_reason_is_rejected(
    mapped: Callable[..., Look], put: Callable[..., Path]
) -> None:
    """A wrong column must not become a million polls."""
    mapping = table({"activity": "poll_response", "quantity": "N"})
    look = mapped(mapping).at(
        put("log.csv", to_csv([{"Mail": "a@x.org", "N": "1001"}]))
    )
    assert [r.reason for r in look.rejected] == ["more than 1000 objects in one row"]


def test_roles_windows_and_anonymity_come_from_columns(
    mapped: Callable[..., Look], put: Callable[..., Path]
) -> None:
    """Words are compared without case; unknown roles mean the default."""
    mapping = table(
        {
            "activity": "question",
            "detail": "Text",
            "window": {
                "column": "Where",
                "values": {"Live": "live", "Rec": "on_demand"},
            },
            "anonymous": "Anon",
        },
        person={
            "email": "Mail",
            "role": {"column": "Role", "values": {"Host": "host", "Guest": "speaker"}},
        },
    )
    head = {"Mail": "a@example.com", "Text": "Why?", "Where": "LIVE", "Anon": "no"}
    rows = [
        {**head, "Role": "host"},
        {**head, "Mail": "b@example.com", "Role": "Other", "Where": "rec"},
        {**head, "Mail": "c@example.com", "Role": "", "Anon": "Yes"},
        {**head, "Role": "", "Where": "Moon"},
        {**head, "Role": "", "Anon": "perhaps"},
    ]
    look = mapped(mapping).at(put("log.csv", to_csv(rows)))
    assert look.people["a@example.com"].role is Role.HOST
    assert look.people["b@example.com"].role is Role.ATTENDEE
    assert look.people["b@example.com"].attended is False
    assert "c@example.com" not in look.people
    assert look.counts("question") == {
        "a@example.com": 1,
        "b@example.com": 1,
        "nobody": 1,
    }
    assert [r.reason for r in look.rejected] == [
        "the word in column 'Where' is not in `values` of the mapping",
        "the cell in column 'Anon' is neither yes nor no",
    ]


def test_a_table_of_registrants_needs_no_activity(
    mapped: Callable[..., Look], put: Callable[..., Path]
) -> None:
    """Who registered and stayed away is known, too."""
    mapping = {
        **TABLE,
        "activities": [],
        "person": {
            "email": "Mail",
            "name": "Name",
            "attended": "There",
            "registered_at": "Reg",
            "custom": ["Budget"],
        },
    }
    rows = [
        {
            "Mail": "a@example.com",
            "Name": "Ada Brook",
            "There": "No",
            "Reg": "2026-11-01",
            "Budget": "1k",
        },
        {"Mail": "", "Name": "", "There": "yes", "Reg": "", "Budget": ""},
    ]
    look = mapped(mapping).at(put("log.csv", to_csv(rows)))
    ada = look.people["a@example.com"]
    assert (ada.first_name, ada.attended, ada.custom) == (
        "Ada",
        False,
        {"Budget": "1k"},
    )
    assert ada.registered_at == datetime(2026, 11, 1, tzinfo=UTC)
    assert [r.row for r in look.rejected] == [3]


def test_one_table_may_hold_many_events_and_sessions(
    mapped: Callable[..., Look], put: Callable[..., Path]
) -> None:
    """Rows are sorted to their event; what they tell of it adds up."""
    mapping = table(
        {"activity": "reaction"},
        event={
            "platform": "acme",
            "id": "E",
            "name": "Title",
            "starts_at": "From",
            "ends_at": "To",
        },
        session={"id": "S", "name": "Part", "starts_at": "From", "ends_at": "To"},
    )
    row = {"Mail": "a@example.com", "E": "1", "Title": "", "S": "s1", "Part": "One"}
    rows = [
        {**row, "From": "2026-11-12T16:00:00Z", "To": "2026-11-12T17:00:00Z"},
        {
            **row,
            "S": "s2",
            "From": "2026-11-12T17:00:00Z",
            "To": "2026-11-12T18:00:00Z",
        },
        {**row, "E": "2", "Title": "Two", "S": "", "From": "", "To": ""},
        {**row, "E": "", "From": "", "To": ""},
        {**row, "E": "x" * 201, "From": "", "To": ""},
    ]
    look = mapped(mapping).at(put("log.csv", to_csv(rows)))
    found = {bundle.event.event_id: bundle for bundle in look.bundles}
    assert found.keys() == {"acme:1", "acme:2"}
    assert [s.session_id for s in found["acme:1"].sessions] == ["s1", "s2"]
    assert found["acme:1"].event.ends_at == datetime(2026, 11, 12, 18, 0, tzinfo=UTC)
    assert found["acme:2"].event.name == "Two"
    assert [s.session_id for s in found["acme:2"].sessions] == ["main"]
    assert [r.reason for r in look.rejected] == [
        "the row names no event",
        "the id of the event is too long or not printable",
    ]


def test_an_event_may_be_known_by_name_and_start(
    mapped: Callable[..., Look], put: Callable[..., Path]
) -> None:
    """Without an id of its own."""
    event = {
        "name": {"constant": "Spring"},
        "starts_at": {"constant": "2026-04-14T15:00:00Z"},
    }
    look = mapped(table(event=event)).at(put("log.csv", to_csv(ROWS)))
    assert look.bundle.event.event_id.startswith("files:20260414T1500-")


def test_a_table_without_event_joins_the_report_beside_it(
    mapped: Callable[..., Look], put: Callable[..., Path], reports: Path
) -> None:
    """By name as well, where it has no e-mail."""
    put("zoom.csv", (reports / "zoom_attendee_2026.csv").read_bytes())
    mapping = {
        **table(
            {"activity": "file_download", "object": "File"}, person={"name": "Who"}
        ),
        "files": "down*.csv",
    }
    del mapping["event"]
    path = put("downloads.csv", "Who,File\nBenny,Slides\n")
    look = mapped(mapping).at(path.parent)
    assert look.counts("file_download") == {"ben.castillo@example.org": 1}


def test_encoding_and_lines_before_the_header(
    mapped: Callable[..., Look], put: Callable[..., Path]
) -> None:
    """Rows keep the numbers that an editor shows."""
    rows = [{**ROWS[0], "Item": "Café"}, {**ROWS[0], "What": "x"}]
    data = ("Export\nof today\n" + to_csv(rows)).encode("cp1252")
    look = mapped({**TABLE, "encoding": "cp1252", "skip_lines": 2}).at(
        put("log.csv", data)
    )
    assert look.activities()[0].object_id == "Café"
    assert [r.row for r in look.rejected] == [5]


def test_a_known_report_needs_no_mapping_beside_one(
    mapped: Callable[..., Look], reports: Path
) -> None:
    """A mapping for other files does not hinder the readers."""
    look = mapped(TABLE).at(reports / "collaborate_attendance.csv")
    assert look.bundle.event.platform == "collaborate"


def test_a_table_of_the_name_but_without_the_columns_is_told(
    mapped: Callable[..., Look], put: Callable[..., Path]
) -> None:
    """The mapping was meant for it, so the difference is named."""
    path = put("log.csv", "E-mail,What\na@example.com,Message\n")
    with pytest.raises(
        FatalError, match="'log' needs the columns 'Mail', 'Item'"
    ) as info:
        mapped({**TABLE, "files": "log*.csv"}).at(path)
    assert "'E-mail', 'What'" in str(info.value)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"persons": {}}, "unknown key `persons`", id="unknown key"),
        pytest.param({"person": {"mail": "x"}}, "unknown key `mail`", id="nested key"),
        pytest.param({"person": {}}, "a person needs `email`, `name`", id="no person"),
        pytest.param({"event": {}}, "an event needs `id`, or `name`", id="no event"),
        pytest.param(
            {"event": {"id": "E", "platform": "My App"}},
            "one word in lower case",
            id="platform",
        ),
        pytest.param({"times": {"format": "us"}}, "unknown time format", id="format"),
        pytest.param({"times": {"timezone": "Mars"}}, "unknown time zone", id="zone"),
        pytest.param({"encoding": "klingon"}, "unknown encoding", id="encoding"),
        pytest.param({"skip_lines": -1}, "`skip_lines` is 0 or more", id="skip"),
        pytest.param(
            {"activities": [{"activity": "dance"}]},
            "(?i)invalid enum value 'dance'",
            id="kind",
        ),
        pytest.param(
            {"activities": [{"activity": {"column": "A", "values": {"x": "dance"}}}]},
            "(?i)invalid enum value 'dance'",
            id="kind in values",
        ),
        pytest.param(
            {"activities": [{"activity": "chat", "detail": "Text"}]},
            "chat takes no `detail`",
            id="chat text",
        ),
        pytest.param(
            {"activities": [{"activity": "time_in_session", "quantity": "N"}]},
            "time_in_session needs `at` and `until`",
            id="time without unit",
        ),
        pytest.param(
            {"activities": [{"activity": "chat", "until": "N"}]},
            "`until` needs `at`",
            id="until alone",
        ),
        pytest.param(
            {"person": {"email": "Mail", "role": "king"}},
            "(?i)invalid enum value 'king'",
            id="role",
        ),
    ],
)
def test_a_wrong_mapping_is_refused_with_its_place(
    change: dict[str, Any],
    reason: str,
    mapped: Callable[..., Look],
    put: Callable[..., Path],
) -> None:
    """File, line and key, before any file is read."""
    look = mapped({**TABLE, **change})
    with pytest.raises(SettingError, match=reason) as info:
        look.at(put("log.csv", to_csv(ROWS)))
    assert info.value.setting == "files_mapping"
    assert "mapping.yml, line" in str(info.value)


def test_a_folder_of_mappings_is_read_whole(
    look: Look, put: Callable[..., Path], tmp_path: Path
) -> None:
    """An empty one is a wrong setting."""
    folder = tmp_path / "mappings"
    folder.mkdir()
    look.mapping_path = str(folder)
    path = put("log.csv", to_csv(ROWS))
    with pytest.raises(SettingError, match="holds no mapping"):
        look.at(path)
    (folder / "a.yml").write_text(yaml.safe_dump({"tables": []}), encoding="utf-8")
    (folder / "b.yml").write_text(yaml.safe_dump({"tables": [TABLE]}), encoding="utf-8")
    assert len(look.at(path).activities()) == 2


def test_the_shipped_example_is_a_mapping_and_shows_every_activity() -> None:
    """What people copy must work."""
    tables = {one.name: one for one in load_tables(str(shipped("files/example.yml")))}
    values = tables["activity export"].activities[0].activity.values
    assert set(values.values()) == {*ActivityKind, "ignore"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "Mail": st.sampled_from(["a@x.org", " B@x.org", "", "nobody"]),
                "What": st.sampled_from(["Message", "click", "Login", "?"]),
                "Item": st.sampled_from(["", "Slides", "a;b,c|d", '"q"']),
                "N": st.sampled_from(["", "1", "2", "0", "x"]),
                "At": st.sampled_from(["", "2026-11-12T16:00:00Z", "noon"]),
            }
        ),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from([",", ";", "\t", "|"]),
)
def test_no_row_is_dropped_in_silence(
    mapped: Callable[..., Look],
    put: Callable[..., Path],
    rows: list[dict[str, str]],
    delimiter: str,
) -> None:
    """Each row is an activity, is ignored, counts nothing, or is rejected."""
    look = mapped(TABLE)
    look.rejected.clear()
    look.at(put("log.csv", to_csv(rows, delimiter)))
    bad = {r.row - 2 for r in look.rejected}
    good = [row for n, row in enumerate(rows) if n not in bad]
    counted = [r for r in good if r["What"] != "Login" and r["N"] != "0"]
    # Two clicks on what is not named are two different CTAs.
    twice = [r for r in counted if (r["What"], r["Item"], r["N"]) == ("click", "", "2")]
    found = sum(len(list(bundle.activities)) for bundle in look.bundles)
    assert found == len(counted) + len(twice)
