"""The kit's options, what its checks are given, and what it tells at the end."""

from __future__ import annotations

import json
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.errors import SandboxError
from sandbox.kits import TOLD, add_options, leave_out, to_check, to_checks, waive
from sandbox.mapper_conformance.feed import Chance, Feed, read_feed
from sandbox.mapper_conformance.running import Mapper, to_command

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_FEED = pytest.StashKey[Feed]()
WEBINARS = Path(__file__).with_name("webinars.json")
#: Checks that need something of the feed: a stream for BATCH, or certain settings.
_NEEDS = {
    "batches_give_the_same_output": "batch",
    "an_open_group_is_withheld": "withhold",
    "an_open_group_is_scored_on_request": "complete",
    "memory_stays_bounded": "bounded",
    "nothing_is_left_after_a_kill": "bounded",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the kit's options."""
    group = parser.getgroup("conformance", "conformance of a Singer mapper")
    group.addoption(
        "--mapper-command",
        default="",
        help="command line of the mapper; {config} is replaced by its settings file",
    )
    group.addoption(
        "--mapper-class",
        default="",
        help="module:Class of the Singer SDK instead: most checks then run it here",
    )
    group.addoption(
        "--mapper-config",
        default="",
        help="JSON file with its settings; {folder} is a folder it may write to",
    )
    group.addoption("--feed", default="", help="JSON file that says what is sent")
    group.addoption(
        "--examples", type=int, default=5, help="how often each property is drawn"
    )
    group.addoption("--seed", type=int, default=0, help="the first example's seed")
    group.addoption(
        "--memory-rows",
        type=int,
        default=1_200_000,
        help="records of the biggest group; a quarter must exceed the mapper's limit",
    )
    add_options(group)


def pytest_configure(config: pytest.Config) -> None:
    """Read the feed, or say what is wrong with it."""
    given = config.getoption("feed")
    try:
        config.stash[_FEED] = read_feed(Path(given) if given else WEBINARS)
    except SandboxError as problem:
        raise pytest.UsageError(str(problem)) from problem


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Draw each property as often as asked for."""
    option = metafunc.config.getoption
    if "seed" in metafunc.fixturenames:
        first = option("seed")
        metafunc.parametrize("seed", range(first, first + option("examples")))
    if "form" in metafunc.fixturenames:
        metafunc.parametrize("form", metafunc.config.stash[_FEED].batch_formats)


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave out what the feed has nothing for, and waive what is named."""
    ours = [item for item in items if item.path.parent == WEBINARS.parent]
    checks = to_checks(ours)
    waive(config, checks)
    feed = config.stash[_FEED]
    there = {*feed.settings, *(["batch"] if feed.batch else [])}
    absent = {name for name, need in _NEEDS.items() if need not in there}
    leave_out(config, items, [item for name in absent for item in checks.get(name, ())])


def pytest_terminal_summary(
    terminalreporter: Any, exitstatus: int, config: pytest.Config
) -> None:
    """Tell each check's end, how often it was drawn, and its sentence."""
    del exitstatus
    option = config.getoption
    name = option("mapper_command") or option("mapper_class")
    terminalreporter.section(f"conformance: {name}")
    for outcome in ("passed", "xpassed", "failed", "error", "xfailed"):
        told: dict[str, list[str]] = {}
        for report in terminalreporter.getreports(outcome):
            for key, sentence in getattr(report, "user_properties", ()):
                if key == "sentence":
                    told.setdefault(to_check(report.nodeid), []).append(sentence)
        for check, sentences in told.items():
            end = TOLD.get(outcome, outcome)
            times = f" ({len(sentences)} times)" if len(sentences) > 1 else ""
            terminalreporter.line(f"{end:7}{check}: {sentences[0]}{times}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """What a check works with.

    Attributes:
        feed: What is sent.
        make: Makes a mapper with a folder of its own.
        memory_rows: Records of the biggest group.
    """

    feed: Feed
    make: Callable[[], Mapper]
    memory_rows: int

    def chance(self, seed: int) -> Chance:
        """Return what draws."""
        return Chance(self.feed, seed)

    def settings(self, name: str) -> Mapping[str, Any]:
        """Return what the feed says to set for something."""
        return self.feed.settings.get(name, {})


@pytest.fixture
def kit(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Kit:
    """What the kit was told."""
    option = request.config.getoption
    entry = option("mapper_class")
    command = option("mapper_command") or (to_command(entry) if entry else "")
    if not command:
        pytest.exit('say which: --mapper-command "my-mapper --config {config}"', 4)
    program = shlex.split(command)[0]
    if shutil.which(program) is None:
        pytest.exit(f"--mapper-command: there is no program {program}", 4)
    given = option("mapper_config")
    feed = request.config.stash[_FEED]
    try:
        config = json.loads(Path(given).read_text("utf-8")) if given else {}
    except (OSError, ValueError) as problem:
        pytest.exit(str(problem), 4)

    def make() -> Mapper:
        folder = tmp_path_factory.mktemp("mapper")
        return Mapper(
            command=command,
            config={**feed.settings.get("always", {}), **config},
            folder=folder,
            seconds=option("run_seconds"),
            entry=entry,
        )

    return Kit(feed=feed, make=make, memory_rows=option("memory_rows"))


@pytest.fixture
def mapper(kit: Kit) -> Mapper:
    """A mapper with a folder of its own."""
    return kit.make()


@pytest.fixture(autouse=True)
def _sentence(
    request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    if request.node.path.parent == WEBINARS.parent:
        record_property("sentence", (request.function.__doc__ or "").splitlines()[0])
