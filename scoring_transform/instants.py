"""Times as whole microseconds since 1970 (UTC), many at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

#: The form that nearly everybody writes, which is read four times as fast.
PLAIN, PLAIN_LENGTH = "%Y-%m-%dT%H:%M:%SZ", 20
ISO = "%+"


def to_micros(texts: pl.Series) -> pl.Series:
    """Return ISO 8601 times with an offset as microseconds; null for anything else."""
    if (texts.str.len_bytes() == PLAIN_LENGTH).all():
        plain = parse(texts, PLAIN)
        if plain.null_count() == texts.null_count():
            return plain
    return parse(texts, ISO)


def parse(texts: pl.Series, form: str) -> pl.Series:
    """Return times of one form, with an offset or of UTC, as microseconds."""
    # Hardly a time comes twice, so that remembering them would only cost time.
    times = texts.str.to_datetime(form, strict=False, time_unit="us", cache=False)
    return times.to_physical()
