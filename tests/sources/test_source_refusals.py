"""A wrong mapping is refused before anything is read: file, line, key, what may be."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from source_kit import Source

from scoring_transform.mapper import ScoringTransform
from scoring_transform.sources.mapping import load_source, shipped_names
from sync_core.errors import SettingError

if TYPE_CHECKING:
    from pathlib import Path

Make = Callable[[str], Source]

HEAD = "platform: shop\nstreams:\n  - stream: rows\n    event: webinar\n"
ACTIVITY = "    activities:\n      - key: key\n        person: {id: who}\n"
CHAT = f"{ACTIVITY}        activity: chat\n"
LAST = HEAD.count("\n") + CHAT.count("\n") + 1


def after_chat(text: str) -> str:
    """Return a mapping with one more line in its rule for chats."""
    return f"{HEAD}{CHAT}        {text}\n"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        pytest.param("streams: []\n", 1, "`platform`", id="no platform"),
        pytest.param(
            "platform: Web Shop\nstreams: []\n",
            1,
            "one word in lower case",
            id="platform",
        ),
        pytest.param(
            f"{HEAD}    eventos: []\n",
            5,
            "unknown key `eventos`.*Allowed here: .*events",
            id="kind",
        ),
        pytest.param(
            f"{HEAD}{CHAT}{HEAD.split(chr(10), 2)[2]}",
            9,
            "`rows` stands twice",
            id="stream twice",
        ),
        pytest.param(
            after_chat("occurred_at: t"),
            LAST,
            "unknown key `occurred_at`.*Allowed here: .*, at, until",
            id="key of a rule",
        ),
        pytest.param(
            after_chat("at: {fields_: t}"),
            LAST,
            "unknown key `fields_`.*Allowed here: field, constant, format, timezone",
            id="key of a time",
        ),
        pytest.param(
            after_chat("when: {field: a, is: b}"),
            LAST,
            "unknown key `is`.*Allowed here: field, equals, one_of, present, not, all",
            id="test of a condition",
        ),
        pytest.param(
            f"{HEAD}{ACTIVITY}        activity: watching\n",
            8,
            "`watching` is not known; allowed are time_in_session, chat, .*question",
            id="activity",
        ),
        pytest.param(
            f"{HEAD}{ACTIVITY}        activity:\n          field: a\n"
            "          values:\n            x: chat\n            y: clicks\n",
            12,
            "`clicks` is not known; allowed are .*cta_click.*, ignore",
            id="activity in a table",
        ),
        pytest.param(
            HEAD + ACTIVITY + "        activity: {field: a, values: {}, default: x}\n",
            8,
            "`x` is not known; allowed are .*, ignore, reject",
            id="default of a table",
        ),
        pytest.param(
            after_chat("window: later"),
            LAST,
            "`later` is not known; allowed are live, on_demand",
            id="window",
        ),
        pytest.param(
            f"{HEAD}    attendees:\n      - {{person: {{id: who}}, role: boss}}\n",
            6,
            "allowed are attendee, staff, speaker, host",
            id="role",
        ),
        pytest.param(
            f"{HEAD}    activities:\n      - {{key: k, activity: chat}}\n",
            6,
            "`person` is missing here and at the stream",
            id="nobody",
        ),
        pytest.param(
            f"{HEAD}    attendees:\n      - {{person: {{}}}}\n",
            6,
            "needs `id`, `email` or `guest`",
            id="empty person",
        ),
        pytest.param(
            "platform: shop\nstreams:\n  - stream: rows\n    events: [{name: a}]\n",
            4,
            "`event` is missing here and at the stream",
            id="no event",
        ),
        pytest.param(
            f"{HEAD}    people:\n      - {{event: x, person: {{id: who}}}}\n",
            6,
            "`people` belong to no event",
            id="people of an event",
        ),
        pytest.param(
            f"{HEAD}{ACTIVITY}        activity: time_in_session\n",
            6,
            "time_in_session needs `until`, or a `quantity`",
            id="no length",
        ),
        pytest.param(
            f"{HEAD}{ACTIVITY}        activity: time_in_session\n        quantity: n\n",
            9,
            "unit: milliseconds | seconds | minutes | hours | HH:MM:SS",
            id="length without a unit",
        ),
        pytest.param(
            f"{HEAD}{ACTIVITY}        activity:\n          field: a\n          values: "
            "{x: time_in_session, y: chat}\n"
            "        quantity: {field: n, unit: hours}\n",
            11,
            "a rule of its own",
            id="length among counts",
        ),
        pytest.param(after_chat("until: t"), 6, "`until` needs `at`", id="only an end"),
        pytest.param(
            after_chat("detail: t"), LAST, "messages stay at the source", id="chat text"
        ),
        pytest.param(
            after_chat("at: {field: t, format: dd/mm}"),
            LAST,
            "no time format; use iso, epoch_s, epoch_ms or a pattern",
            id="format",
        ),
        pytest.param(
            after_chat("at: {field: t, timezone: Mars/North}"),
            LAST,
            "no time zone; use a name such as",
            id="zone",
        ),
        pytest.param(
            f"times: {{timezone: Mars}}\n{HEAD}",
            1,
            "no time zone",
            id="zone of the file",
        ),
        pytest.param(
            after_chat("at: {constant: soon}"),
            LAST,
            "the constant is not a time",
            id="constant time",
        ),
        pytest.param(
            after_chat("quantity: -1"), LAST, "numbers of 0 or more", id="negative"
        ),
        pytest.param(
            after_chat("quantity: {field: n, unit: days}"),
            LAST,
            "invalid enum value 'days'",
            id="unit",
        ),
        pytest.param(
            after_chat("at: {field: t, plus: {field: n, unit: count}}"),
            LAST,
            "no unit `count`",
            id="unit of a length",
        ),
        pytest.param(
            after_chat("object: {field: a, constant: b}"),
            LAST,
            "write exactly one of field, constant; 2 are here",
            id="field and constant",
        ),
        pytest.param(
            after_chat("session: {hash: true}"),
            LAST,
            "write exactly one of fields, constant, day_of, month_of; 0 are here",
            id="empty key",
        ),
        pytest.param(
            after_chat("session: {fields: [a], timezone: UTC}"),
            LAST,
            "belong to `day_of` and `month_of`",
            id="zone of a plain key",
        ),
        pytest.param(
            after_chat("session: []"), LAST, "at least one field", id="no parts"
        ),
        pytest.param(
            after_chat("event: {alias: a, hash: true}"),
            LAST,
            "`alias` stands alone",
            id="alias and more",
        ),
        pytest.param(
            after_chat("when: {field: a}"),
            LAST,
            "write exactly one of equals, one_of, present; 0 are here",
            id="no test",
        ),
        pytest.param(
            after_chat("when: {field: a, equals: 1, present: true}"),
            LAST,
            "write exactly one of equals, one_of, present; 2 are here",
            id="two tests",
        ),
        pytest.param(
            after_chat("when: {not: {field: a, equals: 1}, field: b}"),
            LAST,
            "write exactly one of field, not, all, any; 2 are here",
            id="two forms",
        ),
        pytest.param(
            after_chat("when: {all: [], equals: 1}"),
            LAST,
            "equals, one_of and present need `field`",
            id="test without a field",
        ),
        pytest.param(
            after_chat("when: {any: []}"),
            LAST,
            "at least one condition",
            id="empty any",
        ),
        pytest.param(
            after_chat("when: {field: a, one_of: []}"),
            LAST,
            "name a value",
            id="empty one_of",
        ),
        pytest.param(
            after_chat("object: row.a"),
            LAST,
            "there is no `rows`",
            id="row without rows",
        ),
        pytest.param(
            after_chat("object: a..b"), LAST, "`a..b` is no field", id="path with a gap"
        ),
        pytest.param(after_chat("object: ''"), LAST, "is no field", id="empty path"),
        pytest.param(
            f"event_complete: {{stream: rows}}\n{HEAD}",
            1,
            "has no rule for `events`; streams that have are none",
            id="closing stream",
        ),
        pytest.param(
            f"event_complete: now\n{HEAD}", 1, "invalid enum value 'now'", id="closing"
        ),
        pytest.param(
            f"{HEAD}{HEAD}", 5, "the key `platform` stands twice", id="key twice"
        ),
    ],
)
def test_a_wrong_mapping_is_refused(
    source: Make, text: str, line: int, words: str
) -> None:
    """The message names the file and the line, what is wrong and what is allowed."""
    with pytest.raises(SettingError) as refused:
        source(text)
    message = str(refused.value)
    assert f"mine.yml, line {line}:" in message
    assert re.search(words, message)
    assert refused.value.setting == "source"


def test_an_unknown_name_lists_those_that_are_shipped() -> None:
    """A bare word is the name of a shipped mapping."""
    with pytest.raises(SettingError, match="there are web_events, zoom"):
        load_source("zomo")


def test_a_missing_file_names_the_setting(tmp_path: Path) -> None:
    """Anything else is a path."""
    with pytest.raises(SettingError, match="Set `source` to a file that exists"):
        load_source(str(tmp_path / "none.yml"))


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_mappings_are_valid(name: str) -> None:
    """Each of them has rules."""
    assert load_source(name).rules


def test_the_mapper_refuses_a_wrong_mapping_before_it_reads(tmp_path: Path) -> None:
    """The setting is read with the others."""
    with pytest.raises(SettingError, match="there are"):
        ScoringTransform(
            config={"source": "nothing", "state_dir": str(tmp_path)},
            parse_env_config=False,
        )
