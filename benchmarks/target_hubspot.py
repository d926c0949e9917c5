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
that program writes the first rows too (it sends each on its own, nine a second), twice.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import urllib3

from target_crm.mapping import load_properties
from target_crm.rows import ACTIVITIES, WINDOWS, to_row

if TYPE_CHECKING:
    import resource
    from collections.abc import Iterable, Iterator, Sequence

SERVE = """
import sys, time
from sandbox.server import SandboxSettings, running
settings = SandboxSettings(latency_ms=int(sys.argv[1]), tier="professional")
with running(settings) as sandbox:
    print(sandbox.url, flush=True)
    sys.stdin.read()
"""
BATCH = 100
TOKEN = "sandbox-token"  # noqa: S105 - opens nothing but the sandbox


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One line of the result."""

    name: str
    requests: int
    wall_s: float
    cpu_s: float
    peak_mib: float
    outcomes: dict[str, int]


def to_record(number: int, **changed: Any) -> dict[str, Any]:
    """Return one row as the mapper writes it."""
    record: dict[str, Any] = {
        "event_id": "bench:1",
        "attendee_id": f"a{number}",
        "email": f"person{number}@example.com",
        "event_name": "Benchmark",
        "event_starts_at": "2026-11-01T10:00:00Z",
        "attended": True,
        "on_demand_rank": None,
        "on_demand_level": None,
        "live_rank": number % 700 + 1,
        "live_max_rank": 700,
        "live_ranked_attendees": 9_000,
        "live_level": ("Low", "Medium", "High")[number % 3],
        "live_reasons": ["asked 2 questions", "watched 59 min", "answered 3 polls"],
    }
    for window in WINDOWS:
        record[f"{window}_lead_score"] = number % 1000 / 10
        record |= {f"{window}_{name}": number % 250 / 10 for name in ACTIVITIES}
    return record | changed


def write_input(path: Path, records: Iterable[dict[str, Any]]) -> None:
    """Write rows as Singer messages."""
    schema = {
        "type": "SCHEMA",
        "stream": "lead_scores",
        "schema": {"type": "object", "properties": {}},
        "key_properties": ["event_id", "attendee_id"],
    }
    state = {"type": "STATE", "value": {"bookmarks": {}}}
    rows = ({"type": "RECORD", "stream": "lead_scores", "record": r} for r in records)
    with path.open("w") as stream:
        for message in (schema, *rows, state):
            stream.write(json.dumps(message) + "\n")


@contextlib.contextmanager
def sandbox(latency_ms: int) -> Iterator[str]:
    """Serve an empty account as a process of its own; give its address."""
    command = [sys.executable, "-c", SERVE, str(latency_ms)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        if server.stdout is None or server.stdin is None:
            raise RuntimeError("the sandbox has no pipes")
        yield server.stdout.readline().strip()
        server.stdin.close()
        server.wait(timeout=30)


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
        name=f"floor, {workers} at a time",
        requests=len(answers),
        wall_s=wall,
        cpu_s=used,
        peak_mib=0.0,
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


def create_properties(url: str, folder: Path) -> None:
    """Make the properties that the floor needs, with our own target."""
    path = folder / "none.jsonl"
    write_input(path, [to_record(0)])
    run_target("set-up", url, path, folder / "setup")


def run_target(
    name: str, url: str, source: Path, state: Path, timeline: str = "none"
) -> Measured:
    """Run the target as a process; measure it as the system does."""
    config = source.with_suffix(".config.json")
    settings = {
        "access_token": TOKEN,
        "api_url": url,
        "state_dir": str(state),
        "property_set": "full",
        "timeline": timeline,
        "max_rejected": 1,
    }
    config.write_text(json.dumps(settings))
    command = ["-m", "target_crm.target", "--config", str(config)]
    wall, usage = _measure([*command, "--input", str(source)])
    report = json.loads(max((state / "runs").glob("*.json")).read_bytes())
    return Measured(
        name=name,
        requests=report["requests"],
        wall_s=wall,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_mib=usage.ru_maxrss / 1024,
        outcomes={k: v for k, v in report["outcomes"].items() if v},
    )


def _measure(arguments: Sequence[str]) -> tuple[float, resource.struct_rusage]:
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TARGET_HUBSPOT_LOGLEVEL": "WARNING"},
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in {0, 1}:
        raise RuntimeError(f"{arguments} ended with {process.returncode}")
    return time.perf_counter() - start, usage


def run(rows: int, latency_ms: int) -> list[Measured]:
    """Return all measurements.

    The floor comes last: a process that is started counts the memory of the one that
    starts it, so this one stays small until then.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_input(folder / "rows.jsonl", map(to_record, range(rows)))
        write_input(folder / "changed.jsonl", map(_changed, range(rows)))
        write_input(folder / "bad.jsonl", (_one_bad(n, rows) for n in range(rows)))
        _, usage = _measure(["-m", "target_crm.target", "--version"])
        found = [_start(usage), *_target_runs(folder, latency_ms)]
        for workers in (1, 10):
            with sandbox(latency_ms) as url:
                create_properties(url, folder)
                time.sleep(10)  # the account's window of ten seconds is ours alone
                found.append(run_floor(url, rows, workers))
            (folder / "setup/ledger.sqlite").unlink()
    return found


def _changed(number: int) -> dict[str, Any]:
    changed = {"live_lead_score": 0.5} if number % 100 == 0 else {}
    return to_record(number, **changed)


def _one_bad(number: int, rows: int) -> dict[str, Any]:
    changed = {"email": "no-dot@domain"} if number == rows // 2 else {}
    return to_record(number, **changed)


def _start(usage: resource.struct_rusage) -> Measured:
    return Measured(
        name="start of the program",
        requests=0,
        wall_s=0.0,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_mib=usage.ru_maxrss / 1024,
        outcomes={},
    )


def _target_runs(folder: Path, latency_ms: int) -> list[Measured]:
    rows, state = folder / "rows.jsonl", folder / "state"
    with sandbox(latency_ms) as url:
        found = [
            run_target("first", url, rows, state),
            run_target("unchanged", url, rows, state),
            run_target("1 % changed", url, folder / "changed.jsonl", state),
        ]
    with sandbox(latency_ms) as url:
        bad = folder / "bad.jsonl"
        found.append(run_target("one bad address", url, bad, folder / "state2"))
    with sandbox(latency_ms) as url:
        name, state = "first, with timeline", folder / "state3"
        found.append(run_target(name, url, rows, state, "marketing_event"))
    return found


def run_peer(python: str, rows: int, latency_ms: int) -> list[Measured]:
    """Write rows with drt-core, into an empty account and again."""
    properties = load_properties(None, "full", "hubspot")
    records = [to_record(number) for number in range(rows)]
    payload = [
        {"email": record["email"], **properties.to_properties(to_row(record))}
        for record in records
    ]
    with tempfile.TemporaryDirectory() as name, sandbox(latency_ms) as url:
        folder = Path(name)
        create_properties(url, folder)
        source = folder / "rows.json"
        source.write_text(json.dumps(payload))
        return [
            _run_peer(f"drt-core, {rows} rows, {what}", python, url, source)
            for what in ("first", "unchanged")
        ]


def _run_peer(name: str, python: str, url: str, source: Path) -> Measured:
    before = _seen(url)
    script = str(Path(__file__).with_name("drt_peer.py"))
    start = time.perf_counter()
    with subprocess.Popen(
        [python, script, url, str(source)], stdout=subprocess.PIPE, text=True
    ) as process:
        out = process.stdout.read() if process.stdout else "{}"
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Measured(
        name=name,
        requests=_seen(url) - before - 1,
        wall_s=time.perf_counter() - start,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_mib=usage.ru_maxrss / 1024,
        outcomes=json.loads(out),
    )


def _seen(url: str) -> int:
    """Return how many requests the account has counted today, this one included."""
    answer = urllib3.request(
        "GET",
        f"{url}/crm/v3/properties/contacts/email",
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    headers = answer.headers
    daily = int(headers["X-HubSpot-RateLimit-Daily"])
    return daily - int(headers["X-HubSpot-RateLimit-Daily-Remaining"])


def show(found: Sequence[Measured]) -> None:
    """Print the measurements beside the floor."""
    floor = next(m for m in found if m.name == "floor, 1 at a time")
    start = found[0]
    head = ("run", "requests", "wall s", "× floor", "CPU s", "beyond start", "peak MiB")
    print("| " + " | ".join(head) + " | rows |")
    print("|" + "---|" * (len(head) + 1))
    for one in found:
        beyond = one.cpu_s - start.cpu_s if one.peak_mib else one.cpu_s
        cells = (
            one.name,
            f"{one.requests:,}",
            f"{one.wall_s:.1f}",
            f"{one.wall_s / floor.wall_s:.2f}",
            f"{one.cpu_s:.2f}",
            f"{max(0.0, beyond):.2f}",
            f"{one.peak_mib:.0f}",
        )
        print("| " + " | ".join(cells) + f" | {one.outcomes or ''} |")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--latency-ms", type=int, default=50)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--peer-python", help="has drt-core installed")
    parser.add_argument("--peer-rows", type=int, default=300)
    given = parser.parse_args()
    found = run(given.rows, given.latency_ms)
    if given.peer_python:
        found += run_peer(given.peer_python, given.peer_rows, given.latency_ms)
    show(found)
    if given.json:
        given.json.write_text(json.dumps([asdict(one) for one in found], indent=2))


if __name__ == "__main__":
    main()
