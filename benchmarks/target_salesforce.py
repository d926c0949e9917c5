"""How fast target-salesforce is, as a ratio to the fewest requests Salesforce allows.

Starts the sandbox as a process of its own, with a delay for every answer and a bulk job
of five seconds, and runs the target as a process over the same rows:

    floor       bare collections of two hundred leads, one request at a time
    collections an empty organisation, then unchanged, then 1 % changed
    job         an empty organisation by Bulk API 2.0, then all rows changed
    timeline    collections with campaign members and tasks

    python benchmarks/target_salesforce.py [--rows 10000] [--latency-ms 50]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import urllib3
from target_hubspot import Measured, _measure, show, to_record, write_input

from target_crm.mapping import load_properties
from target_crm.rows import to_row
from target_crm.salesforce.people import to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVE = """
import sys
from sandbox.salesforce import SalesforceSettings
from sandbox.server import SandboxSettings, running
org = SalesforceSettings(job_s=float(sys.argv[2]), daily_limit=100_000)
with running(SandboxSettings(latency_ms=int(sys.argv[1]), salesforce=org)) as sandbox:
    print(sandbox.url, flush=True)
    sys.stdin.read()
"""
BATCH = 200
JOB_S = 5.0
DATA = "/services/data/v66.0"
CLIENT = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}


@contextlib.contextmanager
def organisation(latency_ms: int) -> Iterator[str]:
    """Serve an empty organisation as a process of its own; give its address."""
    command = [sys.executable, "-c", SERVE, str(latency_ms), str(JOB_S)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        if server.stdout is None or server.stdin is None:
            raise RuntimeError("the sandbox has no pipes")
        yield server.stdout.readline().strip()
        server.stdin.close()
        server.wait(timeout=30)


def run_floor(url: str, rows: int) -> Measured:
    """Send the same payloads with nothing around them."""
    specs = load_properties(None, "full", "salesforce")
    leads = [_to_lead(specs, number) for number in range(rows)]
    bodies = [
        {"allOrNone": False, "records": leads[start : start + BATCH]}
        for start in range(0, rows, BATCH)
    ]
    pool = urllib3.PoolManager()
    form = {"grant_type": "client_credentials", **CLIENT}
    answer = pool.request_encode_body(
        "POST", f"{url}/services/oauth2/token", form, encode_multipart=False
    )
    token = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    start, cpu = time.perf_counter(), time.process_time()
    written = 0
    for body in bodies:
        place = f"{url}{DATA}/composite/sobjects"
        done = pool.request("POST", place, json=body, headers=token)
        written += sum(entry["success"] for entry in done.json())
    return Measured(
        name="floor, 1 at a time",
        requests=len(bodies),
        wall_s=time.perf_counter() - start,
        cpu_s=time.process_time() - cpu,
        peak_mib=0.0,
        outcomes={"created": written},
    )


def _to_lead(specs: Any, number: int) -> dict[str, Any]:
    record = to_record(number)
    values = specs.to_properties(to_row(record)).items()
    return {
        "attributes": {"type": "Lead"},
        "LastName": "x",
        "Company": "x",
        "Email": record["email"],
        **{name: to_json(specs.properties[name], text) for name, text in values},
    }


def run_target(name: str, url: str, source: Path, state: Path, **more: Any) -> Measured:
    """Run the target as a process; measure it as the system does."""
    settings = {
        **CLIENT,
        "domain": "bench.my",
        "api_url": url,
        "state_dir": str(state),
        "property_set": "full",
        "timeline": "none",
        "bulk_threshold": 0,
        **more,
    }
    config = source.with_suffix(".config.json")
    config.write_text(json.dumps(settings))
    command = ["-m", "target_crm.salesforce.target", "--config", str(config)]
    wall, usage = _measure([*command, "--input", str(source)])
    report = json.loads(max((state / "runs").glob("*.json")).read_bytes())
    return Measured(
        name=name,
        requests=report["requests"],
        wall_s=wall,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_mib=usage.ru_maxrss / 1024,
        outcomes={kind: n for kind, n in report["outcomes"].items() if n},
    )


def run(rows: int, latency_ms: int) -> list[Measured]:
    """Return all measurements; the floor last, so that this process stays small."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain, some = folder / "rows.jsonl", folder / "some.jsonl"
        every = folder / "every.jsonl"
        write_input(plain, map(to_record, range(rows)))
        write_input(some, (_changed(n, only=100) for n in range(rows)))
        write_input(every, (_changed(n, only=1) for n in range(rows)))
        _, usage = _measure(["-m", "target_crm.salesforce.target", "--version"])
        started = usage.ru_utime + usage.ru_stime
        found = [_start(started, usage.ru_maxrss / 1024)]
        with organisation(latency_ms) as url:
            state = folder / "collections"
            found += [
                run_target("collections, first", url, plain, state),
                run_target("unchanged", url, plain, state),
                run_target("1 % changed", url, some, state),
            ]
        with organisation(latency_ms) as url:
            state, bulk = folder / "job", {"bulk_threshold": 2_000}
            found += [
                run_target(f"job of {JOB_S:.0f} s, first", url, plain, state, **bulk),
                run_target("job, all changed", url, every, state, **bulk),
            ]
        with organisation(latency_ms) as url:
            more = {"timeline": "campaign_and_task"}
            state = folder / "timeline"
            found.append(run_target("with timeline, first", url, plain, state, **more))
        with organisation(latency_ms) as url:
            found.append(run_floor(url, rows))
    return found


def _changed(number: int, *, only: int) -> dict[str, Any]:
    changed = {"live_lead_score": 0.5} if number % only == 0 else {}
    return to_record(number, **changed)


def _start(cpu_s: float, peak_mib: float) -> Measured:
    return Measured(
        name="start of the program",
        requests=0,
        wall_s=0.0,
        cpu_s=cpu_s,
        peak_mib=peak_mib,
        outcomes={},
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--latency-ms", type=int, default=50)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found = run(given.rows, given.latency_ms)
    show(found)
    if given.json:
        given.json.write_text(json.dumps([asdict(one) for one in found], indent=2))


if __name__ == "__main__":
    main()
