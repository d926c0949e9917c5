"""Bytes of a report file to text, whatever program saved it."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from sync_core.errors import FatalError

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 512 * 1024 * 1024
PARQUET_MAGIC = b"PAR1"

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# First bytes of what people put beside their reports by mistake.
_BINARIES = (
    (b"PK\x03\x04", "an Excel workbook or a zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"SQLite format 3", "a database"),
)
# Headers begin with ASCII letters, of which UTF-16 makes every other byte 0.
_SAMPLE_BYTES = 32


def read_bytes(path: Path, max_bytes: int = MAX_BYTES) -> bytes:
    """Read one file, refusing what is empty or beyond the size bound."""
    size = path.stat().st_size
    if size == 0:
        raise FatalError(
            f"{path} is empty (0 bytes). Export the report again, or remove the file.",
            setting="files_path",
        )
    if size > max_bytes:
        raise FatalError(
            f"{path} has {size:,} bytes; at most {max_bytes:,} are read. Split the "
            "file, or save it as Parquet.",
            setting="files_path",
        )
    return path.read_bytes()


def to_text(data: bytes, path: Path, encoding: str | None = None) -> str:
    """Decode UTF-8 or UTF-16, with or without BOM, and drop NUL characters."""
    check_is_text(data, path)
    chosen = encoding or to_encoding(data)
    try:
        text = data.decode(chosen)
    except (UnicodeDecodeError, LookupError) as error:
        raise FatalError(
            f"{path} is not {chosen} text. Save it as 'CSV UTF-8', or name its "
            "`encoding` in a mapping for generic tables (for example cp1252).",
            setting="files_path",
        ) from error
    return text.replace("\x00", "").removeprefix("\ufeff")


def check_is_text(data: bytes, path: Path) -> None:
    """Refuse workbooks, archives and other files that are not text."""
    for magic, what in _BINARIES:
        if data.startswith(magic):
            raise FatalError(
                f"{path} is {what}, not a table of text. Open it and save as CSV "
                "(UTF-8), or remove it from the folder.",
                setting="files_path",
            )


def to_encoding(data: bytes) -> str:
    """Tell the encoding by the BOM, else by where the NUL bytes of ASCII stand."""
    for bom, name in _BOMS:
        if data.startswith(bom):
            return name
    sample = data[:_SAMPLE_BYTES]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if max(even, odd) * 4 < len(sample) or max(even, odd) < 2 * min(even, odd):
        return "utf-8"
    return "utf-16-le" if odd > even else "utf-16-be"
