"""What an administrator does with a CRM: check, set up, rehearse, look after."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leadscore.loader import LOADERS, TEST_STREAM
from leadscore.reasons import to_email, to_told
from sync_core.errors import FatalError
from sync_core.identity import pseudonym, to_email_key
from sync_core.workdir import DEFAULT_STATE_DIR, WorkDir
from target_crm.database import Database
from target_crm.lock import hold
from target_crm.naming import key_of
from target_crm.places import REJECTED
from target_crm.rejected import DROPPED, RejectedFile, RejectedRows, RejectedTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from leadscore.loader import Loader
    from target_crm.base import CrmTarget
    from target_crm.rejected import Lines, RejectedRow

MANY = 1_000_000_000  # rejected rows; they are told by the report


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Where a loader keeps what it knows.

    Attributes:
        work: Its state folder.
        ledger_url: The database of its ledger; None is a file in the folder.
        config: All its settings.
    """

    work: WorkDir
    ledger_url: str | None
    config: Mapping[str, Any]

    def key(self) -> bytes:
        """Return the key that makes the pseudonyms."""
        return key_of(self.work, self.ledger_url)


def books_of(loader: Loader) -> Books:
    """Return where a loader keeps what it knows, as its settings say."""
    config = loader.config()
    place = Path(config.get("state_dir") or DEFAULT_STATE_DIR).expanduser()
    return Books(
        work=WorkDir(loader.home.project / place),
        ledger_url=config.get("ledger_url") or None,
        config=config,
    )


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


def make_plan(loader: Loader, books: Books, blocks: list[str]) -> Mapping[str, Any]:
    """Run a pipeline without writing and return the report of what would change."""
    return _run_told(
        loader,
        books.work,
        {"dry_run": "true"},
        lambda variables: loader.run(blocks, variables),
    )


def read_plan(work: WorkDir, report: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield all rows of a dry run's plan, which its report holds the first of."""
    with (work.path / "runs" / report["plan_file"]).open(encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line)


def retry(loader: Loader) -> Mapping[str, Any]:
    """Send the rows that wait again and return the report of how they ended."""
    work = books_of(loader).work
    return _run_told(
        loader,
        work,
        {"dry_run": "false"},
        lambda variables: loader.invoke((), variables),
    )


def _run_told(
    loader: Loader,
    work: WorkDir,
    settings: Mapping[str, str],
    run: Callable[[dict[str, str]], None],
) -> Mapping[str, Any]:
    """Run, and return the run's report; rejected rows are told by it, not by a failure.

    Raises:
        FatalError: The run failed, or left no report.
    """
    before = set(_reports(work, loader.name))
    prefix = loader.name.upper().replace("-", "_")
    wanted = {"max_rejected": str(MANY), **settings}
    run({f"{prefix}_{name.upper()}": value for name, value in wanted.items()})
    made = [path for path in _reports(work, loader.name) if path not in before]
    if not made:
        raise FatalError(
            f"The run left no report of {loader.name} in {work.path / 'runs'}. Name "
            "the loader as the last block."
        )
    report: Mapping[str, Any] = json.loads(made[-1].read_bytes())
    return report


def _reports(work: WorkDir, name: str) -> list[Path]:
    return sorted(work.folder("runs").glob(f"*-{name}-*.json"))


def to_plan_lines(
    report: Mapping[str, Any], plan: Iterable[Mapping[str, Any]]
) -> Iterator[str]:
    """Yield what a run would change, by contact and property.

    Args:
        report: Of a dry run.
        plan: Its rows.
    """
    if report["would_create"]:
        names = ", ".join(report["would_create"])
        yield f"First these contact properties would be created: {names}"
    for row in plan:
        yield f"{row['contact']} would be {row['would_be']}, from {row['event_id']}"
        for name, change in row["changes"].items():
            yield f"  {name}: {_shown(change['from'])} → {_shown(change['to'])}"


def _shown(value: str) -> str:
    return "; ".join(value.splitlines()) or "(empty)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The rejected rows that a run would send again.

    Attributes:
        rows: Of the account that the settings name.
        elsewhere: How many wait for another host or credential.
    """

    rows: Sequence[RejectedRow]
    elsewhere: int


def read_waiting(loader: Loader, books: Books) -> Waiting:
    """Return the rows that wait."""
    ours = target_of(loader).account_of(books.config)
    with _open_rejected(books) as (lines, _):
        rows = {a: RejectedRows(lines, a).waiting for a in lines.accounts() | {ours}}
    others = (len(waiting) for account, waiting in rows.items() if account != ours)
    return Waiting(rows=list(rows[ours].values()), elsewhere=sum(others))


def drop(loader: Loader, books: Books, who: str, event: str = "") -> int:
    """Forget waiting rows of a person, so that no run sends them; return how many.

    Args:
        loader: Whose rows.
        books: Where it keeps them.
        who: An address, or the pseudonym that stands in the list.
        event: Only of this event; of all if empty.

    Raises:
        FatalError: A run is going on.
    """
    name, key = loader.name, books.key()
    ours = target_of(loader).account_of(books.config)
    with hold(books.work.file(f"{name}.lock"), name), _open_rejected(books) as opened:
        lines, database = opened
        if database is not None:
            database.hold(f"{name} {ours}", name)
        rejected = RejectedRows(lines, ours)
        chosen = [
            row.key
            for row in rejected.waiting.values()
            if _is_person(row, who, key) and event in {"", row.key[0]}
        ]
        for row_key in chosen:
            rejected.settle(row_key, DROPPED)
        rejected.flush()
    return len(chosen)


def _is_person(row: RejectedRow, who: str, key: bytes) -> bool:
    email = to_email(row)
    spelled = (to_email_key(who) or who) == (to_email_key(email) or email)
    return spelled or who == pseudonym(email, key)


@contextlib.contextmanager
def _open_rejected(books: Books) -> Iterator[tuple[Lines, Database | None]]:
    """Give where the rejected rows are, and the database if it is one."""
    if not books.ledger_url:
        yield RejectedFile(books.work.file(REJECTED)), None
        return
    with closing(Database.at(books.ledger_url)) as database:
        yield RejectedTable(database), database


def target_of(loader: Loader) -> type[CrmTarget]:
    """Return the plugin that a loader is."""
    if loader.name == LOADERS["hubspot"]:
        from target_crm.target import TargetHubSpot  # noqa: PLC0415 - slow to import

        return TargetHubSpot
    from target_crm.salesforce.target import TargetSalesforce  # noqa: PLC0415 - slow

    return TargetSalesforce


def to_rejected_lines(
    rows: Sequence[RejectedRow], key: bytes, *, people: bool = False
) -> Iterator[str]:
    """Yield the rows that wait: which, since when, how often, and the CRM's reason.

    Args:
        rows: Of one account.
        key: Makes the pseudonyms.
        people: Whether to name the addresses.
    """
    for row in rows:
        who, reason = to_told(row, key, people=people)
        blamed = f" ({row.blamed})" if row.blamed else ""
        times = "attempt" if row.attempts == 1 else "attempts"
        yield f"{row.key[0]} {who}: {row.code}{blamed}"
        yield f"  {row.attempts} {times}, the last {row.at}: {reason}"


def to_retry_sentence(report: Mapping[str, Any]) -> str:
    """Return how the rows ended that were sent again."""
    ends = Counter(report["resent"])
    sent = sum(ends.values())
    if not sent:
        return "No row waits."
    accepted = sum(ends[kind] for kind in ("created", "updated", "unchanged"))
    waits = report["still_rejected"]
    return (
        f"{sent:,} {'row was' if sent == 1 else 'rows were'} sent again: "
        f"{accepted:,} accepted, {ends['not_sent']:,} superseded or left out, "
        f"{ends['rejected']:,} rejected once more. "
        f"{waits:,} {'waits' if waits == 1 else 'wait'}."
    )
