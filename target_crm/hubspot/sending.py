"""One request for many contacts, until each of them has an outcome.

Facts (seen 2026-11): at most 100 inputs; a trace id on every input makes HubSpot answer
207 and write the good ones; results come in any order; one duplicate refuses the whole
batch; a refusal of the whole batch does not say which row, so the batch is halved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_crm.hubspot.answers import LOCKED_WAIT, Reason, Refused
from target_crm.hubspot.row_answers import (
    Answer,
    Ends,
    to_answer,
    to_rejected,
    to_trace,
)
from target_crm.setup import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from target_crm.crm import Contact
    from target_crm.hubspot.wire import Wire

PASSING_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way to write contacts.

    Attributes:
        what: The request in words, for errors.
        call: A method of an API object.
        name: What HubSpot calls a contact in the request and in its answer.
        to_input: Returns a contact in the form of the request.
    """

    what: str
    call: Callable[..., Any]
    name: Callable[[Contact], str]
    to_input: Callable[[Contact], dict[str, Any]]


class Sender:
    """Writes contacts in one way.

    Args:
        wire: Sends the requests.
        way: By e-mail or by id.
    """

    def __init__(self, wire: Wire, way: Way) -> None:
        self._wire = wire
        self._way = way

    def settle(self, contacts: Mapping[str, Contact]) -> Ends:
        """Send until every contact has an outcome; what passes is waited for."""
        answer = self._send(contacts)
        for _ in range(PASSING_TRIES - 1):
            left = {key: contacts[key] for key in contacts if key not in answer.ends}
            if not left:
                return answer.ends
            if answer.passing:
                self._wire.pause(LOCKED_WAIT)
            more = self._send(left)
            answer = Answer(
                {**answer.ends, **more.ends}, more.passing, more.unattributed
            )
        return answer.closed(contacts)

    def _send(self, contacts: Mapping[str, Contact]) -> Answer:
        try:
            data = self._call(contacts)
        except Refused as refusal:
            return Answer(self._refused(list(contacts.values()), refusal.reason))
        return self._answer(contacts, data)

    def _refused(self, contacts: Sequence[Contact], reason: Reason) -> Ends:
        """A missing property concerns every row: halving would find nothing."""
        if reason.code == MISSING:
            return {contact.email_key: to_rejected(reason) for contact in contacts}
        return self._halved(contacts, reason)

    def _halved(self, contacts: Sequence[Contact], reason: Reason) -> Ends:
        """Find the rows that a whole batch was refused for, and write the others.

        ``contacts`` are known to hold at least one such row, so if the first half is
        accepted, the second is halved without asking: at most 14 more calls for one
        bad row in a hundred.
        """
        if len(contacts) == 1:
            return {contacts[0].email_key: to_rejected(reason)}
        middle = len(contacts) // 2
        first, second = contacts[:middle], contacts[middle:]
        ends, refused = self._part(first)
        if refused is None:
            return ends | self._alone_or_halved(second, reason)
        ends = self._halved(first, refused)
        more, refused = self._part(second)
        return ends | (more if refused is None else self._halved(second, refused))

    def _alone_or_halved(self, contacts: Sequence[Contact], reason: Reason) -> Ends:
        """A single row is sent once more: the reason must be its own."""
        if len(contacts) > 1:
            return self._halved(contacts, reason)
        ends, refused = self._part(contacts)
        return ends if refused is None else self._halved(contacts, refused)

    def _part(self, contacts: Sequence[Contact]) -> tuple[Ends, Reason | None]:
        part = {contact.email_key: contact for contact in contacts}
        try:
            data = self._call(part)
        except Refused as refusal:
            return {}, refusal.reason
        return self._answer(part, data).closed(part), None

    def _answer(
        self, contacts: Mapping[str, Contact], data: Mapping[str, Any]
    ) -> Answer:
        names = {self._way.name(contact): key for key, contact in contacts.items()}
        return to_answer(contacts, data, names)

    def _call(self, contacts: Mapping[str, Contact]) -> Mapping[str, Any]:
        inputs = [
            {**self._way.to_input(contact), "objectWriteTraceId": to_trace(place)}
            for place, contact in enumerate(contacts.values())
        ]
        reply = self._wire.send(self._way.what, self._way.call, {"inputs": inputs})
        return reply.data if isinstance(reply.data, dict) else {}
