"""What both conformance kits have in common: how they are run and what is waived."""

from __future__ import annotations

import os
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: What a check's end is called where pytest calls it otherwise.
TOLD = {"xfailed": "waived", "xpassed": "passed", "error": "failed"}
PLAIN = ("-p", "no:cacheprovider", "-p", "no:randomly")
NO_SETTINGS = ("-c", os.devnull, "--rootdir", os.curdir)


def run(package: str, arguments: Sequence[str]) -> int:
    """Run a kit without any project's settings; pytest's arguments pass through."""
    kit = ["-p", f"{package}.plugin", "--pyargs", package]
    return int(pytest.main([*PLAIN, *NO_SETTINGS, *kit, *arguments]))


def add_options(group: pytest.OptionGroup) -> None:
    """Add the options that every kit has."""
    group.addoption(
        "--run-seconds", type=float, default=180, help="how long one run may take"
    )
    group.addoption(
        "--waive",
        action="append",
        default=[],
        metavar="CHECK",
        help="report this check, and do not fail for it; as often as needed",
    )


def to_check(nodeid: str) -> str:
    """Return the id of a check, the same for all that is drawn for it."""
    return nodeid.rpartition("::")[2].partition("[")[0].removeprefix("test_")


def to_checks(items: Iterable[pytest.Item]) -> Mapping[str, Sequence[pytest.Item]]:
    """Return the items of each check."""
    checks: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        checks[to_check(item.nodeid)].append(item)
    return checks


def waive(config: pytest.Config, checks: Mapping[str, Sequence[pytest.Item]]) -> None:
    """Do not fail for the checks that are waived; refuse what is none."""
    waived = config.getoption("waive")
    unknown = sorted(set(waived) - checks.keys())
    if unknown and checks:
        raise pytest.UsageError(
            f"--waive {unknown[0]}: the checks are {', '.join(sorted(checks))}"
        )
    for name in waived:
        for item in checks.get(name, ()):
            item.add_marker(pytest.mark.xfail(reason="waived", strict=False))


def leave_out(
    config: pytest.Config, items: list[pytest.Item], foreign: Sequence[pytest.Item]
) -> None:
    """Take items out of what is run."""
    items[:] = [item for item in items if item not in foreign]
    config.hook.pytest_deselected(items=list(foreign))
