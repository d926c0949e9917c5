"""The kit's options, what its checks are given, and what it tells at the end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.conformance.bench import Bench, Kit, on_writes
from sandbox.conformance.crms import CRMS
from sandbox.conformance.rows import Rows, read_shape
from sandbox.errors import SandboxError
from sandbox.kits import TOLD, add_options, leave_out, to_check, to_checks, waive

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.conformance.bench import Visit

_EVER = 5_000


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the kit's options."""
    group = parser.getgroup("conformance", "conformance of a Singer target")
    group.addoption("--crm", choices=sorted(CRMS), default="hubspot")
    group.addoption(
        "--target-command",
        default="",
        help="command line of the target; {config} is replaced by its settings file",
    )
    group.addoption(
        "--target-config",
        default="",
        help="JSON file with its settings; {url}, {token}, {client_id}, "
        "{client_secret} and {folder} are replaced",
    )
    group.addoption(
        "--stream",
        default="lead_scores",
        help="lead_scores, contacts, or a JSON file that describes a stream",
    )
    group.addoption("--rows", type=int, default=230, help="how many people are sent")
    add_options(group)


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave out what this CRM has not, and waive what is named."""
    checks = to_checks(filter(_is_ours, items))
    waive(config, checks)
    absent = CRMS[config.getoption("crm")].absent
    leave_out(config, items, [item for name in absent for item in checks.get(name, ())])


def pytest_terminal_summary(
    terminalreporter: Any, exitstatus: int, config: pytest.Config
) -> None:
    """Tell each check's end, sentence and measurement."""
    del exitstatus
    terminalreporter.section(f"conformance: {config.getoption('target_command')}")
    for outcome in ("passed", "xpassed", "failed", "error", "xfailed"):
        for report in terminalreporter.getreports(outcome):
            told = dict(report.user_properties)
            if "sentence" in told:
                name = to_check(report.nodeid)
                end = TOLD.get(outcome, outcome)
                terminalreporter.line(f"{end:7}{name}: {told['sentence']}")
                if "measured" in told:
                    terminalreporter.line(f"       {told['measured']}")


def _is_ours(item: pytest.Item) -> bool:
    return item.path.parent == Path(__file__).parent


@pytest.fixture(scope="session")
def kit(request: pytest.FixtureRequest) -> Kit:
    """What the kit was told."""
    option = request.config.getoption
    crm = CRMS[option("crm")]
    command = option("target_command")
    if not command:
        pytest.exit('say which: --target-command "target-x --config {config}"', 4)
    given = option("target_config")
    try:
        config = json.loads(Path(given).read_text("utf-8")) if given else crm.config
        shape = read_shape(crm.name, option("stream"))
    except (OSError, ValueError, SandboxError) as problem:
        pytest.exit(str(problem), 4)
    return Kit(
        crm=crm,
        command=command,
        config=config,
        shape=shape,
        rows=option("rows"),
        seconds=option("run_seconds"),
    )


@pytest.fixture(scope="session")
def make_bench(
    kit: Kit, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Bench]:
    """Make accounts, each with a folder of its own."""
    return lambda: Bench(kit=kit, folder=tmp_path_factory.mktemp("bench"))


@pytest.fixture
def bench(make_bench: Callable[[], Bench]) -> Bench:
    """An empty account."""
    return make_bench()


@pytest.fixture(scope="session")
def rows(kit: Kit) -> Rows:
    """The people that are sent."""
    return Rows(kit.shape, kit.rows)


@pytest.fixture(scope="session")
def calm_bench(make_bench: Callable[[], Bench]) -> Bench:
    """The account of the calm run."""
    return make_bench()


@pytest.fixture(scope="session")
def calm(calm_bench: Bench, rows: Rows) -> Visit:
    """A run that nothing disturbed."""
    return calm_bench.visit(rows)


@pytest.fixture(scope="session")
def calm_writes(calm: Visit) -> Visit:
    """The calm run, if it tells where this target writes people."""
    if not calm.people_writes:
        pytest.fail(f"an undisturbed run wrote nobody; it ended with {calm.ran.code}")
    return calm


@pytest.fixture(scope="session")
def malformed(make_bench: Callable[[], Bench], kit: Kit) -> Visit:
    """A run over people of whom one has a malformed address."""
    return make_bench().visit(Rows(kit.shape, kit.rows, bad=kit.rows // 2))


@pytest.fixture(scope="session")
def refused(make_bench: Callable[[], Bench], calm_writes: Visit, rows: Rows) -> Visit:
    """A run whose token is refused from the second write of people on."""
    fault = on_writes(calm_writes, calm_writes.crm.refusal, first=2, last=_EVER)
    return make_bench().visit(rows, fault)


@pytest.fixture(autouse=True)
def _sentence(
    request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    if _is_ours(request.node):
        record_property("sentence", (request.function.__doc__ or "").splitlines()[0])
