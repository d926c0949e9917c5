"""The conformance kit for mappers: ours passes it, and every check of it can fail."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.errors import SandboxError
from sandbox.mapper_conformance import plugin as kit_plugin
from sandbox.mapper_conformance import test_mapper as checks
from sandbox.mapper_conformance.feed import Chance, read_feed

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "mapper-conformance.md"
OURS = ["--mapper-class", "scoring_transform.mapper:ScoringTransform"]
TOY = ["--feed", str(HERE / "toy_feed.json"), "--memory-rows", "200000"]
PROGRAM = shlex.join([sys.executable, str(HERE / "toy_mapper.py")])

#: What is wrong with the toy, and the check that must notice it.
MISTAKES = [
    ("writes-nothing", "groups_give_records"),
    ("counts-repeats", "any_order_gives_the_same_records"),
    ("keeps-the-last-of-a-person", "any_order_gives_the_same_records"),
    ("mixes-groups", "groups_do_not_touch_each_other"),
    ("starts-anew-at-a-schema", "repeated_schemas_are_harmless"),
    ("takes-chunks-for-lines", "any_pieces_give_the_same_output"),
    ("passes-a-state-at-once", "a_state_follows_what_it_covers"),
    ("forgets-states", "the_last_state_comes_out"),
    ("lets-states-go-at-the-end", "a_tap_that_died_lets_no_state_out"),
    ("says-so-before-it-is-done", "a_killed_run_tells_no_lie"),
    ("skips-what-a-killed-run-wrote", "a_killed_run_tells_no_lie"),
    ("ends-well-at-a-signal", "a_signal_ends_it_with_its_code"),
    ("writes-on-at-a-signal", "a_signal_ends_it_with_its_code"),
    ("announces-without-need", "no_input_gives_no_output"),
    ("forgets-states", "an_idle_run_passes_its_state_on"),
    ("announces-late", "schemas_come_first_and_keys_once"),
    ("writes-twice", "schemas_come_first_and_keys_once"),
    ("writes-numbers-as-text", "records_keep_to_their_schema"),
    ("heeds-the-spelling", "the_spelling_of_a_number_is_no_matter"),
    ("depends-on-the-time", "the_same_input_gives_the_same_output"),
    ("stops-at-an-unknown-stream", "unknown_streams_are_harmless"),
    ("misses-a-row-of-a-batch", "batches_give_the_same_output"),
    ("writes-open-groups", "an_open_group_is_withheld"),
    ("keeps-silent", "an_open_group_is_withheld"),
    ("never-writes-open-groups", "an_open_group_is_scored_on_request"),
    ("holds-all-in-memory", "memory_stays_bounded"),
    ("leaves-its-files", "nothing_is_left_behind"),
    ("leaves-a-killed-runs-files", "nothing_is_left_after_a_kill"),
]


def run_kit(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the kit as a user would, away from this project's settings."""
    return subprocess.run(
        [sys.executable, "-m", "sandbox.mapper_conformance", *words],
        capture_output=True,
        check=False,
        cwd=folder,
        text=True,
        timeout=1200,
    )


def run_toy(
    folder: Path, mistake: str, *words: str
) -> subprocess.CompletedProcess[str]:
    """Run the kit on the toy."""
    config = folder / "toy.json"
    config.write_text(json.dumps({"mistake": mistake}))
    command = ["--mapper-command", f"{PROGRAM} --config {{config}}"]
    return run_kit(folder, *command, "--mapper-config", str(config), *TOY, *words)


@pytest.mark.slow
def test_our_mapper_passes_every_check(tmp_path: Path) -> None:
    """As a process, where that matters; its properties are drawn often elsewhere."""
    done = run_kit(tmp_path, *OURS, "--examples", "1")
    assert done.returncode == 0, done.stdout[-6000:]
    assert "failed" not in done.stdout


@pytest.mark.slow
def test_a_right_toy_passes_every_check(tmp_path: Path) -> None:
    """So what the mistakes change is what the checks notice."""
    done = run_toy(tmp_path, "", "--examples", "3")
    assert done.returncode == 0, done.stdout[-6000:]
    assert "failed" not in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("mistake", "check"), MISTAKES)
def test_a_mistake_is_noticed(tmp_path: Path, mistake: str, check: str) -> None:
    """By the check that is there for it."""
    done = run_toy(tmp_path, mistake, "-k", check, "--examples", "6")
    assert done.returncode == 1, done.stdout[-6000:]
    assert f"failed {check}: " in done.stdout


def test_every_check_has_a_mistake() -> None:
    """A check that no mistake fails might be one that cannot fail."""
    names = {name for name in vars(checks) if name.startswith("test_")}
    covered = {f"test_{check}" for _, check in MISTAKES}
    assert names == covered


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--mapper-command"),
        ([*OURS, "--waive", "no_such"], "the checks are a_killed_run"),
        ([*OURS, "--feed", "nowhere.json"], "nowhere.json cannot be used"),
        (["--mapper-command", "no-such-mapper"], "no program no-such-mapper"),
    ],
    ids=["no-mapper", "unknown-check", "no-feed", "no-program"],
)
def test_a_wrong_word_is_told(tmp_path: Path, words: list[str], said: str) -> None:
    """Nothing is run, and the message says what is allowed."""
    done = run_kit(tmp_path, *words)
    assert done.returncode == 4
    assert said in done.stdout + done.stderr


def test_a_waived_check_is_told_and_fails_nothing(tmp_path: Path) -> None:
    """As known, with its sentence."""
    check = "no_input_gives_no_output"
    done = run_toy(tmp_path, "announces-without-need", "-k", check, "--waive", check)
    assert done.returncode == 0
    assert f"waived {check}: An idle tap writes nothing" in done.stdout


def test_a_feed_has_checks_only_for_what_it_describes(tmp_path: Path) -> None:
    """Without a stream for BATCH, and without settings, their checks are left out."""
    feed = json.loads((HERE / "toy_feed.json").read_text())
    feed |= {"batch": None, "settings": {"always": feed["settings"]["always"]}}
    (tmp_path / "feed.json").write_text(json.dumps(feed))
    done = run_toy(
        tmp_path, "", "--feed", "feed.json", "--collect-only", "-q", "--examples", "1"
    )
    assert done.returncode == 0
    for name in ("batches_give", "open_group", "memory_stays", "after_a_kill"):
        assert name not in done.stdout
    assert "any_order" in done.stdout


def test_the_page_lists_every_check_and_option() -> None:
    """With the sentences that the kit tells."""
    page = PAGE.read_text()
    for name, check in vars(checks).items():
        if name.startswith("test_"):
            sentence = (check.__doc__ or "").splitlines()[0]
            assert f"| `{name[5:]}` | {sentence} |" in page
    plugin = Path(kit_plugin.__file__).read_text()
    for option in re.findall(r'"(--[a-z-]+)"', plugin):
        assert f"| `{option}` |" in page


def test_the_pages_feed_can_be_read(tmp_path: Path) -> None:
    """What the page shows is a feed as it stands."""
    (example,) = re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (tmp_path / "feed.json").write_text(example)
    feed = read_feed(tmp_path / "feed.json")
    (order,) = Chance(feed, 1).groups(1)
    assert (feed.closes, order.closing["record"]) == ("orders", {"order_id": "g0"})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"closes": "nothing"}, "does not describe"),
        ({"colour": 1}, "colour"),
        ({"streams": [{"name": "x"}]}, "key_properties"),
    ],
    ids=["unknown-stream", "unknown-key", "short-stream"],
)
def test_a_wrong_feed_is_refused(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    """With what is wrong in it."""
    feed = json.loads((HERE / "toy_feed.json").read_text()) | change
    (tmp_path / "feed.json").write_text(json.dumps(feed))
    with pytest.raises(SandboxError, match=said):
        read_feed(tmp_path / "feed.json")
