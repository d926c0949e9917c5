"""The id of a timeline entry: the same for the same person and webinar, for ever."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from target_crm.crm import Attendance

NAMESPACE = uuid.UUID("6f0e6a0e-4b4f-5d8c-9c6e-0d3a1c7b2e91")


def to_entry_id(account_id: str, entry: Attendance) -> str:
    """Return an entry's id.

    Args:
        account_id: Our name for the account that the webinars come from.
        entry: A person's part in a webinar.
    """
    name = f"{account_id}\n{entry.event.event_id}\n{entry.email_key}"
    return str(uuid.uuid5(NAMESPACE, name))
