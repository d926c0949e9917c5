"""Where a project is, and where it keeps its state."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sync_core.errors import SettingError
from sync_core.workdir import DEFAULT_STATE_DIR, WorkDir

if TYPE_CHECKING:
    from collections.abc import Mapping

HOME_VARIABLE = "LEADSCORE_HOME"
PROJECT_FILE = "meltano.yml"


@dataclass(frozen=True, slots=True)
class Home:
    """A Meltano project and the one folder that its runs write to."""

    project: Path
    work: WorkDir


def find_home(environ: Mapping[str, str], start: Path) -> Home:
    """Return the project that ``start`` is in, and its state folder.

    Args:
        environ: ``LEADSCORE_HOME`` names the state folder; else it is
            ``.leadscore`` in the project, or in ``start`` outside of one.
        start: The folder to look from, upwards.
    """
    folders = [start, *start.parents]
    project = next((f for f in folders if (f / PROJECT_FILE).is_file()), start)
    named = environ.get(HOME_VARIABLE)
    place = Path(named).expanduser() if named else project / DEFAULT_STATE_DIR
    return Home(project, WorkDir(start / place, setting=HOME_VARIABLE))


def check_project(home: Home) -> None:
    """Refuse to run a pipeline where there is none."""
    if not (home.project / PROJECT_FILE).is_file():
        raise SettingError(
            f"There is no {PROJECT_FILE} in {home.project} or above it. Go to your "
            "Meltano project, then run again.",
            setting="project",
        )
