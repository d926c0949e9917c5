"""The commands `leadscore crm …`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leadscore.home import check_project, find_home
from leadscore.loader import Loader, to_loader
from leadscore.terminal import console

if TYPE_CHECKING:
    from collections.abc import Iterable

crm_app = typer.Typer(no_args_is_help=True, help="Check, set up and look after a CRM.")
rejected_app = typer.Typer(no_args_is_help=True, help="Rows that the CRM refused.")
crm_app.add_typer(rejected_app, name="rejected")

CrmOption = Annotated[str, typer.Option("--crm", help="hubspot or salesforce")]
AS_CSV = "As a table for a spreadsheet."
EnvironmentOption = Annotated[
    str, typer.Option(help="Meltano environment; the project's default if empty.")
]

_FINE = {
    "hubspot": (
        "the credential is accepted and the contact properties can be read. HubSpot "
        "tells of a missing right to write at the first write, and names the scope."
    ),
    "salesforce": "the organisation can be written to; nothing is missing.",
}


def find_loader(crm: str, environment: str) -> Loader:
    """Return a CRM's loader of the project that the command was called in."""
    here = find_home(os.environ, Path.cwd())
    check_project(here)
    return to_loader(here, crm, environment)


def _say(lines: Iterable[str]) -> None:
    """Print lines whole: a reason or an id that is cut helps nobody."""
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


@crm_app.command()
def check(crm: CrmOption = "hubspot", environment: EnvironmentOption = "") -> None:
    """Say whether the credentials work and what is missing; writes nothing."""
    from leadscore.crm import check_hubspot, check_salesforce  # noqa: PLC0415 - slow

    loader = find_loader(crm, environment)
    checks = {"hubspot": check_hubspot, "salesforce": check_salesforce}
    problems = checks[crm](loader)
    for problem in problems:
        console.print(problem, markup=False, highlight=False)
    if problems:
        raise typer.Exit(1)
    console.print(f"{loader.name}: {_FINE[crm]}", soft_wrap=True)


@crm_app.command()
def setup(
    write_metadata: Annotated[
        Path, typer.Option(help="Folder for the deployable source files.")
    ],
    environment: EnvironmentOption = "",
) -> None:
    """Write the Salesforce fields and permission set that an administrator deploys."""
    from leadscore.crm import write_setup  # noqa: PLC0415 - slow to import

    files = write_setup(find_loader("salesforce", environment), write_metadata)
    console.print(f"{len(files)} files in {write_metadata}. Deploy them with")
    console.print("  sf project deploy start --source-dir force-app")
    console.print("and assign the permission set to the integration user.")


@crm_app.command()
def plan(
    blocks: Annotated[
        list[str], typer.Argument(help="As in `meltano run`: tap, mapping, loader.")
    ],
    crm: CrmOption = "hubspot",
    environment: EnvironmentOption = "",
) -> None:
    """Compare a run with what is in the CRM now; writes nothing."""
    from leadscore.crm import (  # noqa: PLC0415 - slow to import
        books_of,
        make_plan,
        read_plan,
        to_plan_lines,
    )

    loader = find_loader(crm, environment)
    books = books_of(loader)
    report = make_plan(loader, books, blocks)
    _say(to_plan_lines(report, read_plan(books.work, report)))
    counts = ", ".join(f"{n} {kind}" for kind, n in report["outcomes"].items())
    console.print(
        f"{report['rows']} rows: {counts}; nothing was written.", soft_wrap=True
    )


@rejected_app.command("list")
def rejected_list(
    *,
    crm: CrmOption = "hubspot",
    environment: EnvironmentOption = "",
    people: Annotated[bool, typer.Option(help="Name the addresses.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help=AS_CSV)] = False,
) -> None:
    """List the rows that wait, with the CRM's reason."""
    from leadscore.crm import (  # noqa: PLC0415 - slow to import
        books_of,
        read_waiting,
        to_rejected_lines,
    )
    from leadscore.sheets import to_rejected_sheet  # noqa: PLC0415 - likewise

    loader = find_loader(crm, environment)
    books = books_of(loader)
    waiting = read_waiting(loader, books)
    told = to_rejected_sheet if csv else to_rejected_lines
    _say(told(waiting.rows, books.key(), people=people))
    if csv:
        return
    if not waiting.rows:
        console.print("No row waits.")
    if waiting.elsewhere:
        console.print(
            f"{waiting.elsewhere:,} more wait for another host or credential than the "
            "settings name; a run with that one sends them again.",
            soft_wrap=True,
        )


@rejected_app.command("drop")
def rejected_drop(
    who: Annotated[str, typer.Argument(help="Address, or c:… as `list` shows it.")],
    event: Annotated[str, typer.Option(help="Only rows of this event id.")] = "",
    crm: CrmOption = "hubspot",
    environment: EnvironmentOption = "",
) -> None:
    """Forget rows of a person that wait; exit 1 if there is none."""
    from leadscore.crm import books_of, drop  # noqa: PLC0415 - slow

    loader = find_loader(crm, environment)
    count = drop(loader, books_of(loader), who, event)
    if not count:
        console.print("No such row waits.")
        raise typer.Exit(1)
    console.print(f"{count} forgotten: no run sends them again.")


@rejected_app.command("retry")
def rejected_retry(
    crm: CrmOption = "hubspot", environment: EnvironmentOption = ""
) -> None:
    """Send the rows that wait again, now; exit 1 if any is rejected once more."""
    from leadscore.crm import retry, to_retry_sentence  # noqa: PLC0415 - slow

    report = retry(find_loader(crm, environment))
    console.print(to_retry_sentence(report), soft_wrap=True)
    if report["still_rejected"]:
        raise typer.Exit(1)
