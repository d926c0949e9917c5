"""Serve the sandbox from a terminal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.faults import read_faults
from sandbox.salesforce import SalesforceSettings
from sandbox.server import SandboxError, SandboxSettings, running
from sync_core.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from rich.console import Console

    from sandbox.faults import Planned
    from sync_core.workdir import WorkDir

CRMS: Mapping[str, tuple[Any, ...]] = {
    "hubspot": ("hubspot",),
    "salesforce": ("salesforce",),
    "all": ("hubspot", "salesforce"),
}
_TOKEN = [("TAP_EVENTS_HUBILO_ACCESS_TOKEN", "sandbox-token")]
DOMAIN = "sandbox.my"  # any will do: the address decides
UNLIMITED = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the command line asks of the sandbox.

    Attributes:
        crm: `hubspot`, `salesforce` or `all`.
        common: Settings of the sandbox by name; None leaves the default.
        daily_limit: Requests a day, of whichever CRM.
        job_seconds: How long a bulk job takes.
        faults: A fault plan.
        in_memory: Whether to forget everything at the end.
    """

    crm: str = "all"
    common: Mapping[str, Any] = field(default_factory=dict)
    daily_limit: int | None = None
    job_seconds: float = 0.0
    faults: Path | None = None
    in_memory: bool = False


def serve_sandbox(
    work: WorkDir, console: Console, wishes: Wishes, wait: Callable[[], None]
) -> None:
    """Serve until `wait` returns, with the state in the work folder.

    Raises:
        SettingError: An option or the fault plan cannot be used.
    """
    try:
        settings = to_settings(work, wishes)
        with running(settings) as sandbox:
            for line in to_greeting(sandbox.url, settings):
                console.print(line, markup=False, highlight=False, soft_wrap=True)
            try:
                wait()
            finally:
                for line in to_farewell(sandbox.unhit, settings):
                    console.print(line, markup=False, highlight=False, soft_wrap=True)
    except SandboxError as problem:
        raise SettingError(str(problem), setting="sandbox") from problem


def to_settings(work: WorkDir, wishes: Wishes) -> SandboxSettings:
    """Return the sandbox's settings.

    Raises:
        SandboxError: The fault plan or the address cannot be used.
    """
    given = {name: held for name, held in wishes.common.items() if held is not None}
    daily = wishes.daily_limit
    if not given.get("rate_limits", True):
        daily = UNLIMITED
    organisation = {"job_s": wishes.job_seconds}
    if daily is not None:
        organisation["daily_limit"] = daily
    return SandboxSettings(
        database=None if wishes.in_memory else work.file("sandbox.sqlite"),
        crms=CRMS[wishes.crm],
        daily_limit=wishes.daily_limit,
        salesforce=SalesforceSettings(**organisation),  # type: ignore[arg-type]
        faults=read_faults(wishes.faults) if wishes.faults else (),
        **given,
    )


def to_greeting(url: str, settings: SandboxSettings) -> list[str]:
    """Return where it is and what points the plugins at it."""
    exports = [("TAP_EVENTS_HUBILO_API_URL", url), *_TOKEN]
    for crm in settings.crms:
        exports += _EXPORTS[crm](url)
    pages = " (HubSpot's contacts by score)" if "hubspot" in settings.crms else ""
    return [
        f"Serving {url}{pages} until Ctrl-C.",
        *(f"export {name}={text}" for name, text in exports),
    ]


def _hubspot(url: str) -> list[tuple[str, str]]:
    return [
        ("TARGET_HUBSPOT_API_URL", url),
        ("TARGET_HUBSPOT_ACCESS_TOKEN", "sandbox-token"),
    ]


def _salesforce(url: str) -> list[tuple[str, str]]:
    return [
        ("TARGET_SALESFORCE_API_URL", url),
        ("TARGET_SALESFORCE_CLIENT_ID", "sandbox-client"),
        ("TARGET_SALESFORCE_CLIENT_SECRET", "sandbox-secret"),
        ("TARGET_SALESFORCE_DOMAIN", DOMAIN),
    ]


_EXPORTS = {"hubspot": _hubspot, "salesforce": _salesforce}


def to_farewell(unhit: tuple[Planned, ...], settings: SandboxSettings) -> list[str]:
    """Return what became of the fault plan: a rehearsal that met no fault is none."""
    if not settings.faults:
        return []
    if not unhit:
        return ["Every planned fault was hit."]
    return [f"Planned fault never hit: {to_text(planned)}" for planned in unhit]


def to_text(planned: Planned) -> str:
    """Return a line of a plan in words."""
    kind = type(planned.fault).__struct_config__.tag
    which = ", ".join(map(str, planned.requests)) or "any"
    method = f" {planned.method}" if planned.method else ""
    holds = " with its text" if planned.holds else ""
    return f"{kind} for {planned.part}{method} {planned.path}{holds}, request {which}"
