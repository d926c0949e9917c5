"""What a person sees of a run: progress while it goes on, then the hottest leads."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.table import Table

from leadscore.steps import to_step, to_summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.status import Status

    from leadscore.demo import DemoResult
    from leadscore.top import Lead

STRONGEST = 2
LEVEL_STYLES = {"High": "bold green", "Medium": "yellow", "Low": "dim"}


class Teller:
    """Shows the step that a run is in, and keeps what each plugin says it did."""

    def __init__(self, console: Console, status: Status) -> None:
        self._console = console
        self._status = status

    def __call__(self, line: str) -> None:
        """Take one line of the run's log."""
        if step := to_step(line):
            self._status.update(step)
        if summary := to_summary(line):
            self._console.print(summary, markup=False, highlight=False)

    def stop(self) -> None:
        """Take the spinner away."""
        self._status.stop()


@contextmanager
def telling(console: Console) -> Iterator[Teller]:
    """Show progress until the block ends."""
    with console.status("Starting the sandbox") as status:
        yield Teller(console, status)


def show_result(console: Console, result: DemoResult) -> None:
    """Print the hottest leads, why they are hot, and what the run wrote."""
    console.print(to_leads_table(result.leads))
    console.print(
        f"{result.totals.written} written, {result.totals.unchanged} unchanged, "
        f"{result.totals.rejected} rejected, {result.totals.not_sent} not sent; "
        f"{result.totals.requests} requests to the CRM; {result.seconds:.1f} s",
        style="bold",
        highlight=False,
    )


def to_leads_table(leads: list[Lead]) -> Table:
    """Return the leads as a table, best first, with their two strongest reasons."""
    table = Table(title="The hottest leads in the CRM", title_justify="left")
    table.add_column("lead")
    table.add_column("score", justify="right")
    table.add_column("level")
    table.add_column("rank")
    table.add_column("because of what she or he did")
    for lead in leads:
        table.add_row(
            f"{lead.name}\n[dim]{lead.company}[/dim]",
            lead.score,
            lead.level,
            lead.rank,
            "\n".join([*lead.reasons[:STRONGEST], f"[dim]in {lead.event}[/dim]"]),
            style=LEVEL_STYLES.get(lead.level, ""),
        )
    return table
