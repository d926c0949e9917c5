"""A Singer target that is as careless as its settings say; without them, in all ways.

`reads_207`: a row that was refused is told by the exit code. `late_state`: a STATE is
confirmed after the rows before it. `hasty`: it does not wait when it is told to.
"""

from __future__ import annotations

import http.client
import json
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

OPTIONS = json.loads(Path(sys.argv[1]).read_text())
PATH = "/crm/v3/objects/contacts/batch/upsert"
TRIES = 3


def send(rows: list[dict[str, str]]) -> bool:
    """Write contacts, with patience; tell whether all were taken."""
    inputs = [{"id": r["email"], "idProperty": "email", "properties": r} for r in rows]
    traced = [one | {"objectWriteTraceId": str(n)} for n, one in enumerate(inputs)]
    headers = {"Authorization": f"Bearer {OPTIONS['token']}"}
    headers["Content-Type"] = "application/json"
    for _ in range(TRIES):
        line = http.client.HTTPConnection(urlsplit(OPTIONS["url"]).netloc)
        try:
            line.request("POST", PATH, json.dumps({"inputs": traced}), headers)
            answer = line.getresponse()
        except ConnectionError:
            continue
        if answer.status < 300:
            return answer.status != 207  # rows were refused
        if answer.status != 429 or not answer.headers["Retry-After"]:
            break
        if not OPTIONS.get("hasty"):
            time.sleep(float(answer.headers["Retry-After"]))
    sys.exit("HubSpot refused")


batch: list[dict[str, str]] = []
states: list[str] = []
is_whole = True


def flush() -> None:
    """Write what was read, then confirm it."""
    global batch, is_whole  # noqa: PLW0603 - a script
    is_whole = (not batch or send(batch)) and is_whole
    batch = []
    tell()


def tell() -> None:
    """Confirm the STATEs that were read."""
    for state in states:
        print(state, flush=True)  # noqa: T201 - what a target prints
    states.clear()


for text in sys.stdin:
    message = json.loads(text)
    if message["type"] == "RECORD":
        batch.append(message["record"])
    if message["type"] == "STATE":
        states.append(json.dumps(message["value"]))
        if not OPTIONS.get("late_state"):
            tell()  # before the rows are written
    if len(batch) == 100:
        flush()
flush()
if OPTIONS.get("reads_207") and not is_whole:
    sys.exit("some rows were refused")
