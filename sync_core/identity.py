"""Who a person is: one key for every spelling of an e-mail address."""

from __future__ import annotations

import hashlib
import hmac

PSEUDONYM_DIGITS = 12


def to_email_key(text: str | None) -> str | None:
    """Return the trimmed, lower-cased address, or None where there is none.

    An address without exactly one ``@`` between two non-empty parts names nobody.
    Unicode is kept: ``ß`` and ``ss`` are different mailboxes.
    """
    key = (text or "").strip().lower()
    local, at, domain = key.partition("@")
    return key if at and local and domain and "@" not in domain else None


def pseudonym(email: str, key: bytes) -> str:
    """Return a name for a person that a log may hold.

    A keyed hash: whoever lacks the key cannot test guesses (a plain hash of an
    address can be reversed by trying addresses).

    Args:
        email: The address, in any spelling of its key.
        key: A secret of this installation.
    """
    text = (to_email_key(email) or email).encode()
    digest = hmac.new(key, text, hashlib.sha256).hexdigest()
    return f"c:{digest[:PSEUDONYM_DIGITS]}"
