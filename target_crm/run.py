"""One run of a target: opens the books, delivers, closes them, whatever happens."""

from __future__ import annotations

import contextlib
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from sync_core.workdir import WorkDir
from target_crm import breakdowns
from target_crm.delivery import Delivery
from target_crm.desk import Desk
from target_crm.ledger import Ledger
from target_crm.levels import LevelChanges
from target_crm.lock import hold
from target_crm.mapping import load_properties
from target_crm.naming import key_in
from target_crm.places import open_database, to_lines
from target_crm.rejected import RejectedRows
from target_crm.report import RunReport
from target_crm.rows import to_activity_score
from target_crm.timeline import Attendances
from target_crm.writer import Means, Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from target_crm.crm import Crm
    from target_crm.database import Database
    from target_crm.mapping import PropertySet, SetName
    from target_crm.settings import CommonSettings


def _now() -> datetime:
    return datetime.now(UTC)


class Run:
    """Everything between the sinks and the CRM.

    Args:
        target: Name of the plugin.
        crm: The account.
        settings: The common ones.
        now: The wall clock.

    Raises:
        SettingError: A setting, the mapping or the ledger cannot be used.
        FatalError: Another run holds the state folder.
    """

    def __init__(
        self,
        target: str,
        crm: Crm,
        settings: CommonSettings,
        *,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self.report = RunReport(
            target=target,
            dry_run=settings.dry_run,
            started_at=_stamp(now()),
            account=crm.account(),
        )
        self.crm = crm
        self._settings = settings
        self._now = now
        self._work = WorkDir(settings.state_dir)
        name = cast("SetName", settings.property_set)
        properties = load_properties(
            settings.mapping, name, crm.name, fill_person=settings.fill_person
        )
        self._open = contextlib.ExitStack()
        with contextlib.ExitStack() as opened:
            opened.callback(crm.close)
            opened.enter_context(hold(self._work.file(f"{target}.lock"), target))
            desk = self._to_desk(self._to_database(opened))
            if settings.dry_run:
                desk.plan_to = self._open_plan(opened)
            self._open = opened.pop_all()
        self._desk = desk
        self.delivery = self._to_delivery(properties)

    def keep_activity_scores(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Keep rows of `activity_scores` for explanations; they cost no request."""
        if not self._settings.dry_run:
            rows = [to_activity_score(record) for record in records]
            self._desk.ledger.keep_breakdowns(
                [breakdowns.of_activity_score(row) for row in rows]
            )

    def close(self, stopped: str = "") -> int:
        """Write the report, close everything; return the exit code."""
        self.report.stopped = stopped
        self.report.ended_at = _stamp(self._now())
        too_many = self.report.rejections > self._settings.max_rejected
        code = 1 if stopped or too_many else 0
        with self._open:
            self._write_report(code)
        return code

    def place_of_rejected(self) -> str:
        """Return where the rejected rows are kept."""
        return self._desk.rejected.place

    def _write_report(self, code: int) -> None:
        name = f"{self._name()}.json"
        self._work.write_whole(name, self.report.to_json(self.crm.traffic, code))

    def _name(self) -> str:
        stamp = self._now().strftime("%Y%m%dT%H%M%S%f")
        return f"runs/{stamp}-{self.report.target}-{os.getpid()}"

    def _open_plan(self, opened: contextlib.ExitStack) -> Callable[[str], None]:
        """Open the file of the whole plan, which may be long; a line a row."""
        path = self._work.file(f"{self._name()}-plan.jsonl")
        self.report.plan_file = path.name
        stream = opened.enter_context(path.open("w", encoding="utf-8"))
        return lambda line: print(line, file=stream)

    def _to_delivery(self, properties: PropertySet) -> Delivery:
        workers = self._settings.workers
        # A dry run collects nothing for a timeline that it will not tell.
        is_dry = self._settings.dry_run
        timeline = None if is_dry else self.crm.timeline
        changes = None if is_dry else self.crm.level_changes
        policy = Policy(
            only_existing=self._settings.only_existing,
            dry_run=is_dry,
            workers=workers,
        )
        return Delivery(
            Means(
                crm=self.crm,
                desk=self._desk,
                properties=properties,
                policy=policy,
                attendances=Attendances(timeline, self._desk, workers),
                levels=LevelChanges(
                    changes, self._desk, properties=properties, workers=workers
                ),
            )
        )

    def _to_database(self, opened: contextlib.ExitStack) -> Database:
        database = open_database(self._work, self._settings.ledger_url)
        opened.callback(database.close)
        database.hold(f"{self.report.target} {self.report.account}", self.report.target)
        return database

    def _to_desk(self, database: Database) -> Desk:
        account = self.report.account
        url = self._settings.ledger_url
        lines = to_lines(self._work, url, database)
        return Desk(
            ledger=Ledger(database, account),
            rejected=RejectedRows(lines, account, now=self._now),
            report=self.report,
            key=key_in(database) if url else self._work.secret_key(),
        )


def _stamp(time: datetime) -> str:
    return time.isoformat(timespec="seconds")
