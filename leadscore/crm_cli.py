"""The commands `leadscore crm …`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from leadscore.home import check_project, find_home
from leadscore.loader import Loader, to_loader
from leadscore.terminal import console

crm_app = typer.Typer(no_args_is_help=True, help="Check, set up and look after a CRM.")
rejected_app = typer.Typer(no_args_is_help=True, help="Rows that the CRM refused.")
crm_app.add_typer(rejected_app, name="rejected")

CrmOption = Annotated[str, typer.Option("--crm", help="hubspot or salesforce")]
EnvironmentOption = Annotated[
    str, typer.Option(help="Meltano environment; the project's default if empty.")
]


def _loader(crm: str, environment: str) -> Loader:
    here = find_home(os.environ, Path.cwd())
    check_project(here)
    return to_loader(here, crm, environment)


@crm_app.command()
def check(crm: CrmOption = "hubspot", environment: EnvironmentOption = "") -> None:
    """Say whether the credentials work and what is missing; writes nothing."""
    from leadscore.crm import check_hubspot, check_salesforce  # noqa: PLC0415 - slow

    loader = _loader(crm, environment)
    checks = {"hubspot": check_hubspot, "salesforce": check_salesforce}
    problems = checks[crm](loader)
    for problem in problems:
        console.print(problem, markup=False, highlight=False)
    if problems:
        raise typer.Exit(1)
    console.print(f"{loader.name} can write to the account; nothing is missing.")


@crm_app.command()
def setup(
    write_metadata: Annotated[
        Path, typer.Option(help="Folder for the deployable source files.")
    ],
    environment: EnvironmentOption = "",
) -> None:
    """Write the Salesforce fields and permission set that an administrator deploys."""
    from leadscore.crm import write_setup  # noqa: PLC0415 - slow to import

    files = write_setup(_loader("salesforce", environment), write_metadata)
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
    from leadscore.crm import make_plan, to_plan_table  # noqa: PLC0415 - slow

    report = make_plan(_loader(crm, environment), blocks)
    console.print(to_plan_table(report))
    counts = ", ".join(f"{n} {kind}" for kind, n in report["outcomes"].items())
    console.print(
        f"{report['rows']} rows: {counts}; nothing was written.", soft_wrap=True
    )


@rejected_app.command("list")
def rejected_list(
    crm: CrmOption = "hubspot", environment: EnvironmentOption = ""
) -> None:
    """List the rows that wait, with the CRM's reason."""
    from leadscore.crm import to_rejected_table, work_of  # noqa: PLC0415 - slow

    table = to_rejected_table(work_of(_loader(crm, environment)))
    console.print(table if table.row_count else "No row waits.")


@rejected_app.command("retry")
def rejected_retry(
    crm: CrmOption = "hubspot", environment: EnvironmentOption = ""
) -> None:
    """Send the rows that wait again, now."""
    from leadscore.crm import to_rejected_table, work_of  # noqa: PLC0415 - slow

    loader = _loader(crm, environment)
    work = work_of(loader)
    before = to_rejected_table(work).row_count
    loader.invoke([])
    console.print(f"{before} rows were sent again and none waits any more.")
