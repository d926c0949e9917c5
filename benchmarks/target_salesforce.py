"""How fast target-salesforce is, as a ratio to the fewest plain requests.

Starts the sandbox as a process of its own, with a delay for every answer and a bulk job
of five seconds, and runs the target as a process over the same rows:

    floor       bare collections of two hundred leads, one request at a time
    collections an empty organisation, then unchanged, then 1 % changed
    job         an empty organisation by Bulk API 2.0, then all rows changed
    timeline    collections with campaign members and tasks

    python benchmarks/target_salesforce.py [--rows 10000] [--json FILE]
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

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
from target_crm.salesforce.people import to_json

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


def to_target(url: str = "") -> Target:
    """Return the target, writing to an organisation."""
    settings = {
        **CLIENT,
        "domain": "bench.my",
        "api_url": url,
        "property_set": "full",
        "timeline": "none",
        "bulk_threshold": 0,
    }
    return Target(module="target_crm.salesforce.target", settings=settings)


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
        name=FLOOR,
        rows=rows,
        requests=len(bodies),
        wall_s=time.perf_counter() - start,
        cpu_s=time.process_time() - cpu,
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


def run(rows: int, latency_ms: int) -> list[Measured]:
    """Return all measurements; the floor last, so that this process stays small."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain = write_input(folder / "rows.jsonl", map(to_record, range(rows)))
        some = write_input(folder / "some.jsonl", changed_each(100, rows))
        every = write_input(folder / "every.jsonl", changed_each(1, rows))
        with serving(SERVE, latency_ms, JOB_S) as url:
            to_target(url).run_once(folder)
        found = [to_target().start()]
        with serving(SERVE, latency_ms, JOB_S) as url:
            target, state = to_target(url), folder / "collections"
            found += [
                target.run("collections, first", plain, state),
                target.run("unchanged", plain, state),
                target.run("1 % changed", some, state),
            ]
        with serving(SERVE, latency_ms, JOB_S) as url:
            target, state = to_target(url), folder / "job"
            bulk = {"bulk_threshold": 2_000}
            found += [
                target.run(f"job of {JOB_S:.0f} s, first", plain, state, **bulk),
                target.run("job, all changed", every, state, **bulk),
            ]
        with serving(SERVE, latency_ms, JOB_S) as url:
            told = {"timeline": "campaign_and_task"}
            state = folder / "timeline"
            found.append(to_target(url).run("with timeline", plain, state, **told))
        with serving(SERVE, latency_ms, JOB_S) as url:
            found.append(run_floor(url, rows))
    return found


def main() -> None:
    """Measure and print."""
    given = to_parser(__doc__).parse_args()
    with compiled():
        found = run(given.rows, given.latency_ms)
    tell(found, given.json)


if __name__ == "__main__":
    main()
