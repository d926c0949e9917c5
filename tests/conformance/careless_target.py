"""A Singer target with two faults: it ignores 207, and it confirms STATE when read."""

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


def send(rows: list[dict[str, str]]) -> None:
    """Write contacts; a lost answer and a limit are met as they should be."""
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
            return  # the first fault: 207 says that rows were refused
        if answer.status != 429 or not answer.headers["Retry-After"]:
            break
        if not OPTIONS.get("hasty"):
            time.sleep(float(answer.headers["Retry-After"]))
    sys.exit("HubSpot refused")


batch: list[dict[str, str]] = []
for text in sys.stdin:
    message = json.loads(text)
    if message["type"] == "RECORD":
        batch.append(message["record"])
    if message["type"] == "STATE":
        print(json.dumps(message["value"]), flush=True)  # noqa: T201 - the second
    if len(batch) == 100:
        send(batch)
        batch = []
if batch:
    send(batch)
