"""A CRM's reason for a refusal, told without the person it quotes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sync_core.identity import pseudonym
from sync_core.redact import redact
from target_crm.rows import PERSON_FIELDS

if TYPE_CHECKING:
    from target_crm.rejected import RejectedRow


def to_email(row: RejectedRow) -> str:
    """Return whose row it is: the address, or the attendee's id where there is none."""
    return str(row.record.get("email") or row.key[1])


def to_told(row: RejectedRow, key: bytes, *, people: bool) -> tuple[str, str]:
    """Return who is told of, and the CRM's reason.

    Args:
        row: The row.
        key: Makes the pseudonyms.
        people: Whether the address is named, and the reason left as it is.
    """
    email = to_email(row)
    if people:
        return email, row.reason
    who = pseudonym(email, key)
    return who, to_reason(row, who)


def to_reason(row: RejectedRow, who: str) -> str:
    """Return the CRM's reason without what it quotes of the person.

    A CRM quotes a bad address, which need not look like one, or a name that is too
    long; in capitals or without the blanks around it.

    Args:
        row: The row.
        who: What stands for the person.
    """
    values = (row.record.get(name) for name in PERSON_FIELDS)
    quoted = {str(value).strip() for value in (to_email(row), *values) if value}
    quoted.discard("")
    if not quoted:
        return redact(row.reason)
    longest_first = sorted(quoted, key=len, reverse=True)
    person = "|".join(_to_pattern(text) for text in longest_first)
    return redact(re.sub(person, lambda _: who, row.reason, flags=re.IGNORECASE))


def _to_pattern(text: str) -> str:
    """A whole word only where it is one: Al is not a part of invalid."""
    words = r"\s+".join(re.escape(word) for word in text.split())
    return rf"(?<!\w){words}(?!\w)"
