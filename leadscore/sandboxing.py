"""Serve the sandbox from a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.faults import read_faults
from sandbox.server import SandboxError, SandboxSettings, serve
from sync_core.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rich.console import Console

    from sync_core.workdir import WorkDir


def serve_sandbox(
    work: WorkDir, console: Console, options: Mapping[str, Any], faults: Path | None
) -> None:
    """Serve until the terminal says stop, with the state in the work folder.

    Raises:
        SettingError: An option or the fault plan cannot be used.
    """
    try:
        settings = SandboxSettings(
            database=work.file("sandbox.sqlite"),
            faults=tuple(read_faults(faults)) if faults else (),
            **options,
        )
        console.print(f"Serving http://{settings.host}:{settings.port}")
        console.print(f"Token: {settings.access_token}; Ctrl-C stops.")
        serve(settings)
    except SandboxError as problem:
        raise SettingError(str(problem), setting="sandbox") from problem
