"""What the answer to a batch says of each of its rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from target_crm.hubspot.answers import Reason, to_reason
from target_crm.outcomes import Kind, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

NO_ANSWER = Reason(code="NO_ANSWER", message="HubSpot's answer left this row out.")
Ends = dict[str, Outcome]


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer tells about the rows that were asked for.

    Attributes:
        ends: Outcomes of the rows it names.
        passing: Rows that may be accepted if they are sent again.
        unattributed: Reasons that do not say which row they belong to.
    """

    ends: Ends = field(default_factory=dict)
    passing: Mapping[str, Reason] = field(default_factory=dict)
    unattributed: Sequence[Reason] = ()

    def closed(self, contacts: Iterable[str]) -> Ends:
        """Return an outcome for every row: what was never answered is rejected."""
        reason = self.unattributed[0] if self.unattributed else NO_ANSWER
        return {
            key: self.ends.get(key) or to_rejected(self.passing.get(key, reason))
            for key in contacts
        }


def to_trace(place: int) -> str:
    """Return the trace id of an input, unique in its request."""
    return f"row-{place}"


def to_answer(
    contacts: Mapping[str, object],
    data: Mapping[str, Any],
    names: Mapping[str, str] | None = None,
) -> Answer:
    """Return what an answer tells.

    Never by position: by trace id, by name, or because only one is left. A row that
    the answer names in neither list has no outcome here, whatever ``numErrors`` says;
    one that stands in both was refused.

    Args:
        contacts: The rows, by key.
        data: The answer.
        names: Row keys by HubSpot's names of them; None if those are the same.
    """
    keys = {to_trace(place): key for place, key in enumerate(contacts)}
    names = {key: key for key in contacts} if names is None else names
    ends: Ends = {}
    strangers = []
    for entry in data.get("results") or []:
        key = _key_of(entry, keys, names)
        if key is None:
            strangers.append(entry)
        else:
            ends[key] = _written(entry)
    passing: dict[str, Reason] = {}
    unattributed = []
    for entry in data.get("errors") or []:
        reason = to_reason(entry)
        blamed = _blamed(entry, keys, names)
        if not blamed:
            unattributed.append(reason)
        for key in blamed:
            ends.pop(key, None)
            if reason.is_passing:
                passing[key] = reason
            else:
                ends[key] = to_rejected(reason)
    left = [key for key in contacts if key not in ends and key not in passing]
    if len(left) == 1 and len(strangers) == 1:
        ends[left[0]] = _written(strangers[0])
    return Answer(ends, passing, unattributed)


def _key_of(
    entry: Mapping[str, Any], keys: Mapping[str, str], names: Mapping[str, str]
) -> str | None:
    trace = str(entry.get("objectWriteTraceId") or "")
    if trace in keys:
        return keys[trace]
    email = str((entry.get("properties") or {}).get("email") or "").lower()
    return names.get(str(entry.get("id") or "")) or names.get(email)


def _blamed(
    entry: Mapping[str, Any], keys: Mapping[str, str], names: Mapping[str, str]
) -> list[str]:
    context = entry.get("context")
    if not isinstance(context, dict):
        return []
    traces = context.get("objectWriteTraceId") or []
    named = context.get("ids") or []
    return [keys[trace] for trace in traces if trace in keys] + [
        names[str(name).lower()] for name in named if str(name).lower() in names
    ]


def _written(entry: Mapping[str, Any]) -> Outcome:
    kind = Kind.CREATED if entry.get("new") else Kind.UPDATED
    return Outcome(kind=kind, contact_id=str(entry.get("id") or ""))


def to_rejected(reason: Reason) -> Outcome:
    """Return the outcome of a row that was refused for a reason."""
    return Outcome(
        kind=Kind.REJECTED,
        code=reason.code,
        field=reason.blamed,
        message=reason.message,
    )
