"""`.ci/run` runs the checks wherever it stands, and says what it could not install."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from needed_programs import ALL_HERE, missing

if TYPE_CHECKING:
    from collections.abc import Callable

SCRIPT = Path(__file__).parents[2] / ".ci/run"
NEEDED = ("chromium", "java", "initdb", "node", "npm")
BASICS = ("bash", "dirname", "ls", "touch", "chmod")
FAILS = "exit 100"
# As apt-get does where a package registry answers: the programs are there afterwards.
INSTALLS = (
    f'cd "$(dirname "$0")"; touch {" ".join(NEEDED)}; chmod +x {" ".join(NEEDED)}'
)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the script on a machine that has only what it is given."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in BASICS:
        (programs / name).symlink_to(str(shutil.which(name)))
    (tmp_path / ".ci").mkdir()
    script = shutil.copy(SCRIPT, tmp_path / ".ci/run")

    def make(name: str, text: str) -> None:
        path = (tmp_path if name == "run.sh" else programs) / name
        path.write_text(f"#!{programs / 'bash'}\n{text}\n")
        path.chmod(0o755)

    def call(
        user: int, apt: str | None, here: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        make("run.sh", f'echo "$1 ${{{ALL_HERE}-some}}"')
        make("id", f"echo {user}")
        for name in here:
            make(name, "exit 0")
        if apt is not None:
            make("apt-get", f'echo "apt-get $1" >&2; {apt}')
        environment = {k: v for k, v in os.environ.items() if k != ALL_HERE}
        return subprocess.run(
            [str(programs / "bash"), script],
            env={**environment, "PATH": str(programs)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return call


@pytest.mark.parametrize(
    ("user", "apt", "said"),
    [
        pytest.param(0, FAILS, "apt-get could not install chromium", id="no network"),
        pytest.param(0, None, "There is no chromium here", id="no apt-get"),
        pytest.param(7, INSTALLS, "There is no java here", id="not root"),
    ],
)
def test_what_cannot_be_installed_is_said_and_the_checks_run(
    run: Callable[..., subprocess.CompletedProcess[str]],
    user: int,
    apt: str | None,
    said: str,
) -> None:
    """Tests that need it are skipped: nothing says that all programs are there."""
    done = run(user, apt)
    assert (done.returncode, done.stdout) == (0, "lint some\ntest some\n")
    assert said in done.stderr
    assert ("apt-get update" in done.stderr) is (user == 0 and apt is not None)


@pytest.mark.parametrize(
    ("apt", "here"),
    [
        pytest.param(INSTALLS, (), id="apt-get installs it"),
        pytest.param(FAILS, NEEDED, id="it was there"),
    ],
)
def test_where_all_programs_are_there_no_test_may_be_skipped(
    run: Callable[..., subprocess.CompletedProcess[str]],
    apt: str,
    here: tuple[str, ...],
) -> None:
    """The tests are told so by a variable."""
    done = run(0, apt, here)
    assert (done.returncode, done.stdout) == (0, "lint 1\ntest 1\n")
    assert ("apt-get" in done.stderr) is not bool(here)


def test_a_missing_program_is_a_reason_to_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which tells what to do about it."""
    monkeypatch.delenv(ALL_HERE, raising=False)
    with pytest.raises(pytest.skip.Exception, match="there is no abacus here; buy one"):
        missing("abacus", "buy one")


def test_a_missing_program_fails_where_all_are_said_to_be_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A test that never runs would go unnoticed there."""
    monkeypatch.setenv(ALL_HERE, "1")
    with pytest.raises(pytest.fail.Exception, match="there is no abacus here"):
        missing("abacus", "buy one")
