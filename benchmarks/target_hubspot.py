"""How fast target-hubspot is, as a ratio to the fewest requests HubSpot allows.

Starts the sandbox as a process of its own, with a delay for every answer and the real
rate limits, and runs the target as a process over the same rows:

    floor       bare batch upserts of the same payloads, one and ten at a time
    first       an empty account
    unchanged   the same rows again
    one in 100  one per cent of the rows changed
    one bad     an empty account, one malformed address among the rows

    python benchmarks/target_hubspot.py [--rows 10000] [--latency-ms 50] [--json FILE]

With ``--peer-python``, the interpreter of an environment that has drt-core installed,
that program writes the same rows too, twice; its figures stand in the same table. It
sends each row on its own, nine a second: 10,000 rows take it twenty minutes and more.
With ``--peer-rows`` it writes fewer, and then the target writes as few beside it.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import urllib3
from crm_runs import (
    FLOOR,
    Measured,
    Target,
    changed_each,
    serving,
    tell,
    to_parser,
    to_record,
    write_input,
)
from measuring import compiled

from target_crm.mapping import load_properties
from target_crm.rows import to_row

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVE = """
import sys
from sandbox.server import SandboxSettings, running
settings = SandboxSettings(latency_ms=int(sys.argv[1]), tier="professional")
with running(settings) as sandbox:
    print(sandbox.url, flush=True)
    sys.stdin.read()
"""
BATCH = 100
TOKEN = "sandbox-token"  # noqa: S105 - opens nothing but the sandbox


def to_target(url: str = "") -> Target:
    """Return the target, writing to an account."""
    settings = {
        "access_token": TOKEN,
        "api_url": url,
        "property_set": "full",
        "timeline": "none",
    }
    return Target(module="target_crm.target", settings=settings)


def run_floor(url: str, rows: int, workers: int) -> Measured:
    """Send the same payloads with nothing around them."""
    properties = load_properties(None, "full", "hubspot")
    records = [to_record(number) for number in range(rows)]
    bodies = [
        {
            "inputs": [
                {
                    "id": record["email"],
                    "idProperty": "email",
                    "objectWriteTraceId": str(place),
                    "properties": properties.to_properties(to_row(record)),
                }
                for place, record in enumerate(records[start : start + BATCH])
            ]
        }
        for start in range(0, len(records), BATCH)
    ]
    pool = urllib3.PoolManager(maxsize=workers)
    start, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(workers) as crew:
        answers = list(crew.map(lambda body: _post(pool, url, body), bodies))
    wall, used = time.perf_counter() - start, time.process_time() - cpu
    return Measured(
        name=FLOOR if workers == 1 else f"floor, {workers} at a time",
        rows=rows,
        requests=len(answers),
        wall_s=wall,
        cpu_s=used,
        outcomes={"created": sum(answers)},
    )


def _post(pool: urllib3.PoolManager, url: str, body: Any) -> int:
    answer = pool.request(
        "POST",
        f"{url}/crm/v3/objects/contacts/batch/upsert",
        json=body,
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    if answer.status != 200:
        raise RuntimeError(f"the floor was answered {answer.status}")
    return len(json.loads(answer.data)["results"])


def run(rows: int, latency_ms: int) -> list[Measured]:
    """Return all measurements.

    The floor comes last: a process that is started counts the memory of the one that
    starts it, so this one stays small until then.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with serving(SERVE, latency_ms) as url:
            to_target(url).run_once(folder)
        found = [to_target().start(), *_target_runs(folder, rows, latency_ms)]
        for workers in (1, 10):
            with serving(SERVE, latency_ms) as url:
                to_target(url).run_once(folder)
                time.sleep(10)  # the account's window of ten seconds is ours alone
                found.append(run_floor(url, rows, workers))
    return found


def _one_bad(count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        more = {"email": "no-dot@domain"} if number == count // 2 else {}
        yield to_record(number, **more)


def _target_runs(folder: Path, rows: int, latency_ms: int) -> list[Measured]:
    plain = write_input(folder / "rows.jsonl", map(to_record, range(rows)))
    some = write_input(folder / "some.jsonl", changed_each(100, rows))
    bad = write_input(folder / "bad.jsonl", _one_bad(rows))
    with serving(SERVE, latency_ms) as url:
        target, state = to_target(url), folder / "state"
        found = [
            target.run("first", plain, state),
            target.run("unchanged", plain, state),
            target.run("1 % changed", some, state),
        ]
    with serving(SERVE, latency_ms) as url:
        found.append(to_target(url).run("one bad address", bad, folder / "bad"))
    with serving(SERVE, latency_ms) as url:
        told, state = {"timeline": "marketing_event"}, folder / "timeline"
        found.append(to_target(url).run("first, with timeline", plain, state, **told))
    return found


def run_peer(python: str, rows: int, latency_ms: int) -> list[Measured]:
    """Write rows with drt-core, into an empty account and again."""
    properties = load_properties(None, "full", "hubspot")
    records = [to_record(number) for number in range(rows)]
    payload = [
        {"email": record["email"], **properties.to_properties(to_row(record))}
        for record in records
    ]
    with tempfile.TemporaryDirectory() as name, serving(SERVE, latency_ms) as url:
        folder = Path(name)
        to_target(url).run_once(folder)
        source = folder / "rows.json"
        source.write_text(json.dumps(payload))
        return [
            _run_peer(f"drt-core, {what}", rows, [python, url, str(source)])
            for what in ("first", "unchanged")
        ]


def run_beside(rows: int, latency_ms: int) -> list[Measured]:
    """Write as few rows as the peer, into an empty account and again."""
    with tempfile.TemporaryDirectory() as name, serving(SERVE, latency_ms) as url:
        folder = Path(name)
        plain = write_input(folder / "rows.jsonl", map(to_record, range(rows)))
        target = to_target(url)
        return [
            target.run(f"target-hubspot, {what}", plain, folder / "state")
            for what in ("first", "unchanged")
        ]


def _run_peer(name: str, rows: int, given: list[str]) -> Measured:
    python, url, source = given
    before = _seen(url)
    script = str(Path(__file__).with_name("drt_peer.py"))
    start = time.perf_counter()
    with subprocess.Popen(
        [python, script, url, source], stdout=subprocess.PIPE, text=True
    ) as process:
        out = process.stdout.read() if process.stdout else "{}"
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"drt-core ended with {process.returncode}")
    return Measured(
        name=name,
        rows=rows,
        requests=_seen(url) - before,
        wall_s=time.perf_counter() - start,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_mib=usage.ru_maxrss / 1024,
        outcomes=json.loads(out),
    )


def _seen(url: str) -> int:
    """Return how many requests have reached the account."""
    told = urllib3.request("GET", f"{url}/sandbox/requests.json").json()
    return sum(one["path"].startswith("/crm/") for one in told)


def main() -> None:
    """Measure and print."""
    parser = to_parser(__doc__)
    parser.add_argument("--peer-python", help="has drt-core installed")
    parser.add_argument("--peer-rows", type=int, help="as many as --rows, or fewer")
    given = parser.parse_args()
    with compiled():
        found = run(given.rows, given.latency_ms)
        if given.peer_python:
            count = given.peer_rows or given.rows
            if count != given.rows:
                found += run_beside(count, given.latency_ms)
            found += run_peer(given.peer_python, count, given.latency_ms)
    tell(found, given.json)


if __name__ == "__main__":
    main()
