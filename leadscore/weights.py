"""Show, check and reset what each activity is worth."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.table import Table

from scoring_transform.activities import KINDS, NAMES
from scoring_transform.model import default_model, read_model
from sync_core.errors import SettingError

if TYPE_CHECKING:
    from pathlib import Path

    from scoring_transform.model import Model


def to_table(model: Model) -> Table:
    """Return a model's nine weights as a table."""
    table = Table(title=f"Weights of the model {model.name!r}")
    table.add_column("activity")
    table.add_column("counts")
    table.add_column("weight", justify="right")
    for kind in KINDS:
        table.add_row(kind.name, kind.unit, f"{model.weight_of(kind.name):f}")
    table.add_section()
    table.add_row("total", "", "100")
    return table


def reset_weights(path: Path) -> Model:
    """Put the default weights into a scoring file and keep its other lines.

    Returns:
        The file's model afterwards.

    Raises:
        SettingError: The file is not a scoring file apart from its weights.
    """
    text = path.read_text(encoding="utf-8-sig")
    restored = with_default_weights(text)
    if restored is None:
        raise SettingError(
            f"{path} has no block `weights:` whose lines can be replaced. Write the "
            "nine activities as `name: number`, one a line, below `weights:`.",
            setting="scoring",
        )
    path.write_text(restored, encoding="utf-8")
    return read_model(path)


def with_default_weights(text: str) -> str | None:
    """Return a scoring file's text with the default weights, or None if it has none.

    Where the nine stand below ``weights:``, one a line, only the numbers change; else
    the whole block is written anew. Everything elsewhere stays.
    """
    block = re.search(r"(?m)^weights:[ \t]*(#.*)?\n((?:[ \t]+.*\n?|[ \t]*\n)*)", text)
    if block is None:
        return None
    content = re.findall(r"(?m)^[ \t]+([^\s#][^#\n]*)", block[2])
    found = sorted(line.partition(":")[0].strip() for line in content)
    lines = block[2] if found == sorted(NAMES) else _to_block(block[2])
    model = default_model()
    for name in NAMES:
        number = f"{model.weight_of(name):f}"
        pattern = rf"(?m)^([ \t]+{name}[ \t]*:)[^#\n]*?([ \t]*(?:#.*)?)$"
        lines = re.sub(pattern, rf"\g<1> {number}\g<2>", lines)
    return text[: block.start(2)] + lines + text[block.end() :]


def _to_block(old: str) -> str:
    """Return nine lines without numbers, and the empty line that the old ones had."""
    lines = [f"  {kind.name}: # {kind.unit}\n" for kind in KINDS]
    return "".join(lines) + ("\n" if old.endswith("\n\n") else "")
