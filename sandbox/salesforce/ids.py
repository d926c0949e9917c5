"""Record ids of 18 characters: prefix, counter, and a check for lost case.

Salesforce docs, ID field type: the last three characters tell which of the first
fifteen are capitals, so that a program that ignores case can still compare ids.
"""

from __future__ import annotations

from functools import lru_cache

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def to_id(prefix: str, number: int) -> str:
    """Return the id of the so-manieth record."""
    digits = ""
    while number:
        number, rest = divmod(number, len(_DIGITS))
        digits = _DIGITS[rest] + digits
    short = f"{prefix}xx{digits.rjust(10, '0')}"
    return short + to_check(short)


def to_check(short: str) -> str:
    """Return the three last characters of an id of fifteen."""
    return "".join(_to_sign(short[at : at + 5]) for at in (0, 5, 10))


@lru_cache(maxsize=4_096)
def _to_sign(five: str) -> str:
    return _CHECKS[sum(1 << n for n, sign in enumerate(five) if sign.isupper())]


def to_long(text: str) -> str:
    """Return an id with its check, or "" if it is no id."""
    if not text.isascii() or not text.isalnum():
        return ""
    if len(text) == len("003xx0000000001"):
        return text + to_check(text)
    whole = len(text) == len("003xx0000000001AAA")
    return text if whole and to_check(text[:15]) == text[15:] else ""
