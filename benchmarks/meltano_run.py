"""How long a whole `meltano run` takes, as a ratio to one whose mapper drops it all.

    record   a tap that sends RECORD lines, our mapper, a target that swallows them
    batch    the same with the activities in Parquet files (BATCH messages)
    gzip     the same in JSONL.gz files
    floor    the same run with a mapper that reads everything and sends nothing

The tap only copies lines that were prepared before: what is measured is Meltano, the
mapper and the pipes between them. Ten activities for each attendee, 5,000 attendees for
each event. CPU is that of all processes together, the peak that of the biggest one.
With `--out` scores come out in files, too, which the target reads to their ends.

    python benchmarks/meltano_run.py [--rows 10000000] [--cases record batch gzip]
                                     [--streams lead_scores] [--out batch]

Ten million RECORD lines take 3.5 GB below the folder for temporary files (`TMPDIR`).
"""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

from measuring import Case, Cost, measure, tabulate

from scoring_transform.streams import KEYS

PROGRAMS = Path(sys.executable).parent
PEOPLE_AN_EVENT = 5_000
ROWS_AN_EVENT = 50_000
ROWS_A_PERSON = 10
#: A few of the drawn people did nothing at all.
MOST_PEOPLE = 0.99
FORMS = {"record": "", "batch": "parquet", "gzip": "jsonl.gz"}
PROJECT = """\
default_environment: prod
send_anonymous_usage_stats: false
cli: {log_format: uncolored, log_level: warning, disable_version_check: true}
environments: [{name: prod}]
plugins:
  extractors:
    - {name: tap-prepared, namespace: tap_prepared, executable: ./tap}
  mappers:
    - name: scoring-transform
      namespace: scoring_transform
      executable: ./mapper
      settings:
        - {name: state_dir, kind: string}
        - {name: streams, kind: array}
        - {name: batch_config, kind: object}
      # The mapping's own: Meltano does not read that of the mapper itself.
      mappings: [{name: score-leads, config: CONFIG}]
    - name: drop
      namespace: drop
      executable: ./nowhere
      mappings: [{name: drop-all, config: {}}]
  loaders:
    - {name: target-nowhere, namespace: target_nowhere, executable: ./swallow}
"""


def write_project(folder: Path, streams: list[str], out: str) -> Path:
    """Write a Meltano project of three plugins, and return its folder."""
    scores = folder / "scores"
    scores.mkdir()
    config: dict[str, Any] = {"state_dir": "work", "streams": streams}
    if FORMS[out]:
        form, _, packed = FORMS[out].partition(".")
        encoding = {"format": form, "compression": "gzip" if packed else "none"}
        storage = {"root": str(scores)}
        config["batch_config"] = {"encoding": encoding, "storage": storage}
    swallowed = f"wc -l > '{folder / 'swallowed'}'"
    programs = {
        "tap": f"exec cat '{folder / 'lines.jsonl'}'",
        "mapper": f"exec '{PROGRAMS / 'scoring-transform'}' \"$@\"",
        "nowhere": "exec cat > /dev/null",
        "swallow": f"{swallowed}; find '{scores}' -type f -exec cat {{}} + > /dev/null",
    }
    (folder / "meltano.yml").write_text(PROJECT.replace("CONFIG", json.dumps(config)))
    for name, program in programs.items():
        path = folder / name
        path.write_text(f"#!/bin/sh\n{program}\n")
        path.chmod(0o700)
    return folder


def write(folder: Path, rows: int, case: str) -> None:
    """Write what the tap sends, in a process of its own."""
    from made_up_activity import write_lines  # noqa: PLC0415 - not in the measuring

    events = max(1, rows // ROWS_AN_EVENT)
    people = min(PEOPLE_AN_EVENT, max(1, rows // ROWS_A_PERSON))
    batches = folder / "batches"
    batches.mkdir()
    with (folder / "lines.jsonl").open("wb") as target:
        if FORMS[case]:
            write_lines(target, rows, events, people, batches, FORMS[case])
        else:
            write_lines(target, rows, events, people)


def run_meltano(project: Path, mapping: str) -> Cost:
    """Run the three plugins once; the run must succeed."""
    meltano = [str(PROGRAMS / "meltano"), "--cwd", str(project), "run"]
    return measure([*meltano, "tap-prepared", mapping, "target-nowhere"])


def compare(
    case: str, streams: list[str], out: str, rows: int, folder: Path
) -> tuple[Cost, Cost]:
    """Measure the floor of a case, and the case, after a run that sets all up."""
    words = ["--write", str(folder), "--rows", str(rows), "--cases", case]
    project = write_project(folder, streams, out)
    (folder / "lines.jsonl").touch()
    run_meltano(project, "drop-all")
    measure([str(Path(__file__).resolve()), *words])
    lowest = run_meltano(project, "drop-all")
    # The mapper deletes BATCH files, so it comes last.
    cost = run_meltano(project, "score-leads")
    if count_rows(project, out) < MOST_PEOPLE * rows // ROWS_A_PERSON:
        raise SystemExit(f"{case}: fewer rows came out than people went in")
    return lowest, cost


def count_rows(project: Path, out: str) -> int:
    """Return how many rows reached the target."""
    if not FORMS[out]:
        return int((project / "swallowed").read_text())
    import polars as pl  # noqa: PLC0415 - not in the measuring

    scan = pl.scan_parquet if FORMS[out] == "parquet" else pl.scan_ndjson
    files = list((project / "scores").glob("*-lead_scores-*"))
    return int(scan(files).select(pl.len()).collect().item())


def main() -> None:
    """Measure the cases that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--cases", nargs="+", choices=list(FORMS), default=list(FORMS))
    parser.add_argument("--streams", nargs="+", choices=KEYS, default=list(KEYS))
    parser.add_argument("--out", choices=list(FORMS), default="record")
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.write:
        write(given.write, given.rows, given.cases[0])
        return
    tabulate(
        [
            Case(
                name=case,
                floor=f"{case}: floor",
                rows=given.rows,
                compare=partial(compare, case, given.streams, given.out),
            )
            for case in given.cases
        ]
    )


if __name__ == "__main__":
    main()
