"""Whatever the CRM look-alikes refuse, a comment says where that is known from."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SANDBOX = Path(__file__).parents[2] / "sandbox"
SOURCE = re.compile(
    r"docs\b|'s published|seen live|inferred|not documented|RFC|object reference"
    "|salesforce help|cheat sheet",
    re.IGNORECASE,
)


def refusers(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each function that refuses something: its name and its text."""
    text = path.read_text("utf-8")
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.FunctionDef):
            continue
        if any(isinstance(part, ast.Raise) and part.exc for part in ast.walk(node)):
            first = node.lineno - 1
            while lines[first - 1].lstrip().startswith(("#", "@")):
                first -= 1
            yield node.name, "\n".join(lines[first : node.end_lineno])


@pytest.mark.parametrize(
    "path", sorted((SANDBOX / "hubspot").glob("*.py")), ids=lambda path: path.stem
)
def test_every_refusal_of_hubspot_names_its_source(path: Path) -> None:
    """A document, a recording, or that it is inferred."""
    silent = [name for name, text in refusers(path) if not SOURCE.search(text)]

    assert silent == []


@pytest.mark.parametrize(
    "path", sorted((SANDBOX / "salesforce").glob("*.py")), ids=lambda path: path.stem
)
def test_every_refusing_part_of_salesforce_names_its_sources(path: Path) -> None:
    """At its top or where it refuses."""
    refuses = any(True for _ in refusers(path))

    assert not refuses or SOURCE.search(path.read_text("utf-8"))


def test_a_refusal_without_a_source_is_found_out(tmp_path: Path) -> None:
    """A function that refuses is told from one that does not."""
    path = tmp_path / "x.py"
    path.write_text("def a():\n    return 1\n\n\ndef b():\n    raise ValueError(1)\n")

    assert [name for name, _ in refusers(path)] == ["b"]
