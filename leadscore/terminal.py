"""The one console that commands print to."""

from __future__ import annotations

from rich.console import Console

WIDTH_OF_A_LOG = 100


def make_console() -> Console:
    """Return a console as wide as the terminal, or as a log should be."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH_OF_A_LOG)


console = make_console()
