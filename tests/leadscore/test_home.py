"""Where a project keeps its state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leadscore.home import check_project, find_home
from sync_core.errors import SettingError

if TYPE_CHECKING:
    from pathlib import Path


def test_the_project_is_found_from_below(tmp_path: Path) -> None:
    """A command works in any folder of the project."""
    (tmp_path / "meltano.yml").touch()
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)

    found = find_home({}, below)

    assert (found.project, found.work.path) == (tmp_path, tmp_path / ".leadscore")


@pytest.mark.parametrize("named", ["state", "../elsewhere"])
def test_the_state_folder_can_be_named(tmp_path: Path, named: str) -> None:
    """A variable moves it; a relative name is seen from where the command runs."""
    found = find_home({"LEADSCORE_HOME": named}, tmp_path)

    assert found.work.path == tmp_path / named


def test_outside_a_project_a_pipeline_is_refused(tmp_path: Path) -> None:
    """The missing file and the next step are named."""
    with pytest.raises(SettingError, match=r"no meltano\.yml"):
        check_project(find_home({}, tmp_path))
