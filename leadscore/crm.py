"""What an administrator does with a CRM: check, set up, rehearse, look after."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from leadscore.loader import TEST_STREAM
from sync_core.errors import FatalError
from sync_core.identity import pseudonym
from sync_core.redact import redact
from sync_core.workdir import DEFAULT_STATE_DIR, WorkDir
from target_crm.rejected import RejectedRows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from leadscore.loader import Loader

FILE = "rejected.jsonl"


def work_of(loader: Loader) -> WorkDir:
    """Return the state folder that a loader writes to."""
    place = loader.config().get("state_dir") or DEFAULT_STATE_DIR
    return WorkDir(loader.home.project / Path(place))


def check_hubspot(loader: Loader) -> list[str]:
    """Return what is wrong with an account; nothing if it can be written to."""
    try:
        loader.invoke(TEST_STREAM)
    except FatalError as problem:
        return [str(problem)]
    return []


def check_salesforce(loader: Loader) -> list[str]:
    """Return the fields and rights that an organisation lacks."""
    from target_crm.salesforce.target import check_organisation  # noqa: PLC0415 - slow

    return [str(problem) for problem in check_organisation(loader.config())]


def write_setup(loader: Loader, folder: Path) -> list[Path]:
    """Write the deployable source folder of a Salesforce organisation."""
    from target_crm.salesforce import target  # noqa: PLC0415 - slow to import

    return target.write_setup(loader.config(), folder)


def make_plan(loader: Loader, blocks: list[str]) -> Mapping[str, Any]:
    """Run a pipeline without writing and return the report of what would change."""
    work = work_of(loader)
    before = set(_reports(work, loader.name))
    variable = f"{loader.name.upper().replace('-', '_')}_DRY_RUN"
    loader.run(blocks, {variable: "true"})
    new = sorted(set(_reports(work, loader.name)) - before)
    if not new:
        raise FatalError(
            f"The run left no report in {work.path / 'runs'}. Check that the blocks "
            f"end with {loader.name}."
        )
    return dict(json.loads(new[-1].read_bytes()))


def _reports(work: WorkDir, name: str) -> list[Path]:
    return list(work.folder("runs").glob(f"*-{name}-*.json"))


def to_plan_table(report: Mapping[str, Any]) -> Table:
    """Return what a dry run would change, contact by contact."""
    table = Table(title="What a run would change", title_justify="left")
    for heading in ("contact", "event", "would be", "property", "from", "to"):
        table.add_column(heading)
    for row in report["plan"]:
        for name, change in row["changes"].items():
            table.add_row(
                row["contact"],
                row["event_id"],
                row["would_be"],
                name,
                str(change["from"] or ""),
                str(change["to"] or ""),
            )
    return table


def to_rejected_table(work: WorkDir) -> Table:
    """Return the rows that wait, without naming anybody."""
    table = Table(title="Rejected rows that wait", title_justify="left")
    for heading in ("event", "contact", "code", "property", "attempts", "last", "why"):
        table.add_column(heading)
    key = work.secret_key()
    for row in waiting_rows(work.file(FILE)):
        email = str(row.record.get("email") or row.key[1])
        table.add_row(
            row.key[0],
            pseudonym(email, key),
            row.code,
            row.blamed or "",
            str(row.attempts),
            row.at,
            redact(row.reason),
        )
    return table


def waiting_rows(path: Path) -> Iterator[Any]:
    """Yield the waiting rows of every account in a file of rejected rows."""
    for account in _accounts(path):
        yield from RejectedRows(path, account).waiting.values()


def _accounts(path: Path) -> list[str]:
    found: dict[str, None] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found.setdefault(str(json.loads(line)["account"]))
        except (ValueError, KeyError, TypeError):
            continue  # a torn last line was never confirmed
    return list(found)
