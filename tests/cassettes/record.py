"""Record the cassettes again, all or those whose names hold a word.

Against the sandbox: python tests/cassettes/record.py [word]
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "target"))

from wire_calls import CALLS
from wire_tapes import record

word = sys.argv[1] if len(sys.argv) > 1 else ""
odd = []
for call in CALLS:
    if word in call.name:
        found = record(call)
        print(call.name, found)  # noqa: T201 - its purpose
        if found != call.expected:
            odd.append(f"{call.name}: expected {call.expected}, got {found}")
if odd:
    sys.exit("\n".join(odd))
