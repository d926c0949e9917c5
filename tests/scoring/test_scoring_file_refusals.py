"""A wrong scoring file is refused: file, line, key and what is allowed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from singer_sdk.exceptions import ConfigValidationError

from scoring_transform.activities import NAMES
from scoring_transform.mapper import ScoringTransform
from scoring_transform.model import default_model, read_model
from sync_core.errors import SettingError
from sync_core.mappings import shipped

PAGE = Path(__file__).parents[2] / "docs" / "scoring.md"
SHIPPED = shipped("scoring.yml").read_text()


def write(folder: Path, text: str) -> Path:
    """Write a scoring file."""
    path = folder / "scoring.yml"
    path.write_text(text)
    return path


WEIGHTS, LEVELS, SHARES, TOTALS = 9, 43, 49, 55
NUMBER = "number from 0 to 100|numbers from 0 to 100"
NINE = ", ".join(NAMES)
ROOT_KEYS = "weights, name, rank_population, rounding, .*, s_groups"


def wrong(
    name: str,
    old: str,
    new: str,
    key: str,
    allowed: str,
    line: int | None = None,
) -> Any:
    """Return a case: what is changed, and what the refusal has to say.

    Args:
        name: Of the case.
        old: Stands in the shipped file.
        new: Stands there instead.
        key: The key that is named.
        allowed: What is said to be allowed.
        line: The line that is named; the first that differs, if not given.
    """
    assert old in SHIPPED
    text = SHIPPED.replace(old, new, 1)
    pairs = zip(SHIPPED.splitlines(), text.splitlines(), strict=False)
    first = next(n for n, (a, b) in enumerate(pairs, 1) if a != b)
    return pytest.param(text, line or first, key, allowed, id=name)


WRONG = [
    wrong("99", "question: 10", "question: 9", "weights", "not 100: add 1", WEIGHTS),
    wrong("over", "chat: 10", "chat: 10.5", "weights", "take away 0.5", WEIGHTS),
    wrong("negative", "chat: 10", "chat: -1", "weights.chat", NUMBER),
    wrong("nan", "chat: 10", "chat: .nan", "weights.chat", "must be finite"),
    wrong("infinite", "chat: 10", "chat: .inf", "weights.chat", "must be finite"),
    wrong("1.0e+308", "chat: 10", "chat: 1.0e+308", "weights.chat", NUMBER),
    wrong("1e308", "chat: 10", "chat: 1e308", "weights.chat", NUMBER),
    wrong("400-digits", "chat: 10", f"chat: {'9' * 400}", "weights.chat", NUMBER),
    wrong("text", "chat: 10", "chat: ten", "weights.chat", NUMBER),
    wrong("quoted", "chat: 10", 'chat: "10"', "weights.chat", NUMBER),
    wrong("boolean", "chat: 10", "chat: yes", "weights.chat", NUMBER),
    wrong("nothing", "chat: 10", "chat:", "weights.chat", NUMBER),
    wrong("list", "chat: 10", "chat: [10]", "weights.chat", NUMBER),
    wrong("octal", "chat: 10", "chat: 010", "weights.chat", "write a plain number"),
    wrong("clock", "chat: 10", "chat: 1:30", "weights.chat", "write a plain number"),
    wrong("decimals", "chat: 10", "chat: 9.9999999", "weights.chat", "6 decimals"),
    wrong("activity", "  chat: 10", "  quiz: 10", "weights.quiz", NINE),
    wrong("missing", "  chat: 10 # messages posted\n", "", "chat", NINE, WEIGHTS),
    wrong("twice", "  chat: 10", "  chat: 10\n  chat: 10", "chat", "twice", 12),
    wrong("key", "rounding: truncate", "round: up", "round", ROOT_KEYS),
    wrong("rounding", "truncate\n", "up\n", "rounding", "half_up, truncate"),
    wrong("population", ": doers", ": some", "rank_population", "all, doers"),
    wrong("bucket", "seconds: 1", "seconds: 0", "time_bucket", "from 1 to 86,400"),
    wrong("half", "seconds: 1", "seconds: 1.5", "time_bucket", "from 1 to 86,400"),
    wrong(
        "until",
        ": event_end",
        ": never",
        "on_demand_until",
        r"event_end\|open\|.* days\?.* or an object of days",
    ),
    wrong(
        "number-of-days",
        ": event_end",
        ": 14",
        "on_demand_until",
        r"event_end\|open\|.* days\?.* or an object of days",
    ),
    wrong("weeks-of-text", ": event_end", ": 2 weeks", "on_demand_until", "days"),
    wrong("many-days", ": event_end", ": 3651 days", "until", "1 to 3,650 days"),
    wrong("no-days", ": event_end", ": {days: 0}", "until.days", "from 1 to 3,650"),
    wrong("weeks", ": event_end", ": {weeks: 2}", "until.weeks", "here: days"),
    wrong("window", "window: live", "window: now", "untimed", "ignore, live, on_dem"),
    wrong(
        "complete",
        "incomplete: withhold",
        "incomplete: skip",
        "on_incomplete",
        "score, withhold",
    ),
    wrong(
        "role", "[speaker, host, staff]", "[boss]", "roles.0", "attendee, host, speaker"
    ),
    wrong(
        "one-role", "[speaker, host, staff]", "host", "exclude_roles", "a list of att"
    ),
    wrong("domain", "domains: []", "domains: ['@A.com']", "domains", "lower-case"),
    wrong("domain-case", "domains: []", "domains: [A.com]", "domains", "lower-case"),
    wrong("level-key", "up_to: 30", "upto: 30", "levels.0.upto", "name, up_to"),
    wrong("level", "up_to: 60", "up_to: -1", "levels.1.up_to", NUMBER),
    wrong("level-name", "name: Medium", "name: ''", "levels.1.name", "1 to 100 char"),
    wrong("falling", "up_to: 60", "up_to: 20", "levels", "must rise", LEVELS),
    wrong("last-level", "up_to: 100", "up_to: 99", "levels", "must be 100", LEVELS),
    wrong("shares", "share: 50", "share: 40", "p_groups", "total of 100", SHARES),
    wrong("share", "share: 50", "share: -50", "p_groups.2.share", NUMBER),
    wrong("same-name", "name: Warm", "name: Hot", "p_groups", "name once", SHARES),
    wrong("rising", "at_least: 67", "at_least: 30", "s_groups", "must fall", TOTALS),
    wrong("last-total", "at_least: 0", "at_least: 1", "s_groups", "be 0", TOTALS),
    wrong(
        "total", "at_least: 67", "at_least: 1e9", "s_groups.0", "from 0 to 1,000,000"
    ),
    wrong("anchor", "name: default", "name: &a default", "&name", "write it out"),
    wrong("alias", "name: default", "name: *a", "name", "write it out"),
    wrong("merge", "  chat: 10", "  <<: {chat: 10}", "weights.<<", NINE),
    wrong(
        "tag", "name: default", "name: !!python/name:os.system", "name", "not allowed"
    ),
    wrong(
        "tagged-list",
        "[speaker, host, staff]",
        "!!python/object/apply:os.system [ls]",
        "exclude_roles",
        "not allowed",
    ),
    wrong("tab", "  chat: 10", "\tchat: 10", "t", "not valid YAML"),
]


@pytest.mark.parametrize(("text", "line", "key", "allowed"), WRONG)
def test_a_wrong_file_is_refused(
    tmp_path: Path, text: str, line: int, key: str, allowed: str
) -> None:
    """The message names file, line and key and says what is allowed."""
    path = write(tmp_path, text)
    with pytest.raises(SettingError, match=allowed) as caught:
        read_model(path)
    message = str(caught.value)
    assert message.startswith(f"{path}, line {line}: ")
    assert key in message
    assert len(message) < 500


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(None, "Set `scoring` to a file that exists", id="missing"),
        pytest.param(b"", "line 1: the file is empty; it needs .* weights", id="empty"),
        pytest.param(b"# x\n", "line 1: the file is empty", id="only-a-comment"),
        pytest.param(b"- 1\n", "line 1: expected `object`.*weights", id="list"),
        pytest.param(b"hello", "line 1: expected `object`.*weights", id="word"),
        pytest.param(b"name: \xff", "not UTF-8 text. Save it as UTF-8", id="latin"),
        pytest.param(b"name: a\0b", "line 1: not valid YAML", id="zero-byte"),
        pytest.param(b"a: 1\n---\nb: 1\n", "line 2: not valid YAML", id="two-files"),
        pytest.param(b"[" * 50 + b"]" * 50, "line 1: nested deeper", id="deep"),
        pytest.param(b"#" * 1_000_001, "line 1: larger than 1,000,000", id="large"),
    ],
)
def test_what_is_no_scoring_file_is_refused(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    """Missing, empty, binary and huge files."""
    path = tmp_path / "scoring.yml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingError, match=said) as caught:
        read_model(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("mark", ["\ufeff", ""])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_of_any_editor_is_read(tmp_path: Path, mark: str, end: str) -> None:
    """Byte order marks and line ends of other systems."""
    path = tmp_path / "scoring.yml"
    path.write_bytes((mark + SHIPPED.replace("\n", end)).encode())
    assert read_model(path).hash == default_model().hash


@pytest.mark.parametrize("name", ["99", "rounding", "tag"])
def test_the_mapper_refuses_a_wrong_file_before_it_reads(
    tmp_path: Path, name: str
) -> None:
    """In its constructor, so no line of the input is taken."""
    text = next(case.values[0] for case in WRONG if case.id == name)
    path = write(tmp_path, str(text))
    with pytest.raises(SettingError, match=r"scoring\.yml, line"):
        ScoringTransform(config={"scoring": str(path)}, parse_env_config=False)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rounding": "up"}, "validation failed"),
        ({"weights": {"chat": 100}}, "time_in_session"),
        ({"weights": dict.fromkeys(NAMES, 12)}, "total 108, not 100: take away 8"),
        ({"on_demand_until": {"weeks": 2}}, "Allowed here: days"),
        ({"exclude_email_domains": ["@x.example"]}, "lower-case domains"),
        ({"time_bucket_seconds": 0}, "from 1 to 86,400"),
    ],
)
def test_the_mapper_refuses_wrong_settings(change: dict[str, Any], said: str) -> None:
    """The settings that replace a key of the file are judged like it."""
    with pytest.raises((SettingError, ConfigValidationError), match=said):
        ScoringTransform(config=change, parse_env_config=False)


def test_the_page_shows_a_refusal_as_it_is(tmp_path: Path) -> None:
    """Of a word that the key `rounding` does not know."""
    path = write(tmp_path, SHIPPED.replace("rounding: truncate", "rounding: up"))
    with pytest.raises(SettingError) as caught:
        read_model(path)
    said = str(caught.value).replace(str(tmp_path), "mappings")
    assert f"    {said}\n" in PAGE.read_text(encoding="utf-8")
