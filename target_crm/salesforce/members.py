"""Members of campaigns: each person once, the status only ever forwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_crm.salesforce.answers import Result
from target_crm.salesforce.api import to_text
from target_crm.salesforce.batches import Change
from target_crm.salesforce.entries import is_forwards, to_member, to_status
from target_crm.salesforce.fields import MEMBER
from target_crm.salesforce.matching import CONTACT, to_kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_crm.crm import Attendance
    from target_crm.salesforce.api import Api
    from target_crm.salesforce.writing import Collections

ALREADY = "DUPLICATE_VALUE"  # "Already a campaign member.", seen 2026-11


class Members:
    """The members of the campaigns of one organisation.

    Args:
        api: Sends the queries.
        writer: Writes the records.
    """

    def __init__(self, api: Api, writer: Collections) -> None:
        self._api = api
        self._writer = writer

    def tell(
        self,
        campaign: str,
        entries: Sequence[Attendance],
        ids: Sequence[str],
        *,
        is_new: bool,
    ) -> list[Result]:
        """Add members or raise their status; one result each, in order.

        Args:
            campaign: Its id.
            entries: Parts in the event.
            ids: Of the people, in the same order.
            is_new: Whether the campaign was just made, so that it has no members.
        """
        members = {} if is_new else self._read(campaign, ids)
        results = self._tell_once(campaign, entries, ids, members)
        raced = [
            place
            for place, result in enumerate(results)
            if result.reason is not None and result.reason.code == ALREADY
        ]
        if raced:  # a lost answer, or somebody else added them since
            some = [ids[place] for place in raced]
            more = self._tell_once(
                campaign,
                [entries[place] for place in raced],
                some,
                self._read(campaign, some),
            )
            for place, result in zip(raced, more, strict=True):
                results[place] = result
        return results

    def _tell_once(
        self,
        campaign: str,
        entries: Sequence[Attendance],
        ids: Sequence[str],
        members: Mapping[str, Mapping[str, Any]],
    ) -> list[Result]:
        results: list[Result] = [Result()] * len(entries)
        new: dict[int, Change] = {}
        raised: dict[int, Change] = {}
        for place, (entry, record_id) in enumerate(zip(entries, ids, strict=True)):
            status = to_status(entry)
            member = members.get(record_id)
            if member is None:
                new[place] = to_member(campaign, record_id, status)
            elif is_forwards(str(member.get("Status") or ""), status):
                raised[place] = Change(
                    kind=MEMBER,
                    record_id=str(member.get("Id")),
                    values={"Status": status},
                )
        # A pair exists once, so a repeated request adds nobody twice.
        for places, write in ((new, self._add), (raised, self._writer.write)):
            if places:
                written = write(list(places.values()))
                results = _placed(results, list(places), written)
        return results

    def _add(self, changes: Sequence[Change]) -> list[Result]:
        written: list[Result] = self._api.retry(lambda: self._writer.write(changes))
        return [
            Result(record_id=result.record_id, created=True)
            if result.reason is None
            else result
            for result in written
        ]

    def _read(self, campaign: str, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        listed = {
            kind: ",".join(
                to_text(i) for i in ids if (to_kind(i) == CONTACT) == is_contact
            )
            for kind, is_contact in (("ContactId", True), ("LeadId", False))
        }
        found: dict[str, Mapping[str, Any]] = {}
        tests = [f"{kind} IN ({texts})" for kind, texts in listed.items() if texts]
        rows = self._api.query(
            f"SELECT Id, ContactId, LeadId, Status FROM {MEMBER} "  # noqa: S608 - ids are escaped
            f"WHERE CampaignId = {to_text(campaign)} AND ({' OR '.join(tests)})"
        )
        for row in rows:
            found[str(row.get("ContactId") or row.get("LeadId"))] = row
        return found


def _placed(
    results: Sequence[Result], places: Sequence[int], written: Sequence[Result]
) -> list[Result]:
    found = list(results)
    for place, result in zip(places, written, strict=True):
        found[place] = result
    return found
