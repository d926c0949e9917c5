"""Datasets scored by a real cluster: a master and two workers, as processes."""

from __future__ import annotations

import datetime as dt
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pyspark
import pytest
from made_datasets import assert_same_result, read_table

from leadscore.score import Job, run_job
from sync_core.mappings import shipped

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow
SPARK_CLASS = Path(pyspark.__file__).parent / "bin" / "spark-class"
DEPLOY = "org.apache.spark.deploy"
LOOPBACK = ("--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
SECONDS = 120
#: Where there is a `timeout`, a cluster ends even if the tests are killed.
BOUND = ("timeout", "600") if shutil.which("timeout") else ()
LOGGED = """\
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %c{1}: %m%n%ex
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """A process of the cluster; a thread copies what it says into a file."""

    process: subprocess.Popen[str]
    copier: threading.Thread
    lines: queue.Queue[str]

    @classmethod
    def start(cls, name: str, folder: Path, *words: str) -> Daemon:
        """Start a class of Spark's with its words."""
        process = subprocess.Popen(
            [*BOUND, SPARK_CLASS, f"{DEPLOY}.{name}", *LOOPBACK, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ
            | {"SPARK_CONF_DIR": str(folder), "SPARK_DAEMON_MEMORY": "256m"},
        )
        assert process.stderr is not None
        lines: queue.Queue[str] = queue.Queue()
        log = folder / f"{name}-{process.pid}.log"
        copier = threading.Thread(target=copy, args=(process.stderr, log, lines))
        copier.start()
        return cls(process=process, copier=copier, lines=lines)

    def wait_for(self, pattern: str) -> str:
        """Return what the first group of a line of the log says."""
        while True:
            found = re.search(pattern, self.lines.get(timeout=SECONDS))
            if found:
                return found[1]

    def stop(self) -> None:
        """End the process, by force if it does not listen."""
        self.process.terminate()
        try:
            self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(SECONDS)
        self.copier.join(SECONDS)


def copy(source: IO[str], log: Path, lines: queue.Queue[str]) -> None:
    """Copy a process's lines into a file and a queue until it ends."""
    with source, log.open("w") as file:
        for line in source:
            file.write(line)
            lines.put(line)


@pytest.fixture(scope="module")
def cluster(
    spark_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Return the address of a cluster of two workers with one core each."""
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "log4j2.properties").write_text(LOGGED)
    daemons = [Daemon.start("master.Master", folder)]
    try:
        address = daemons[0].wait_for(r"Starting Spark master at (spark://\S+)")
        for number in range(2):
            work = str(folder / f"work{number}")
            words = ("--cores", "1", "--memory", "600m", "--work-dir", work, address)
            daemons.append(Daemon.start("worker.Worker", folder, *words))
        for _ in range(2):
            daemons[0].wait_for(r"Registering worker (\S+)")
        yield address
    finally:
        for daemon in reversed(daemons):
            daemon.stop()


def test_a_cluster_writes_what_the_embedded_engine_writes(
    cluster: str, datasets: Path, tmp_path: Path, small: dict[str, str]
) -> None:
    """Both workers work, without our code and without any Python of their own."""
    (tmp_path / "events").mkdir()
    settings = small | {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.executor.memory": "512m",
        "spark.executor.cores": "1",
        "spark.scheduler.minRegisteredResourcesRatio": "1.0",
        "spark.pyspark.python": str(tmp_path / "no-python-on-the-workers"),
        "spark.eventLog.enabled": "true",
        "spark.eventLog.compress": "false",
        "spark.eventLog.dir": (tmp_path / "events").as_uri(),
    }
    words = ["score", "--engine", "spark", "--master", cluster]
    words += ["--input", str(datasets), "--output", str(tmp_path / "out")]
    for key, value in settings.items():
        words += ["--conf", f"{key}={value}"]
    done = subprocess.run(
        [Path(sys.executable).parent / "leadscore", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    expected = tmp_path / "expected"
    (scored_at,) = set(read_table(tmp_path / "out", "lead_scores")["scored_at"])
    now = dt.datetime.fromisoformat(scored_at)
    run_job(to_job(datasets, expected), now=lambda: now)
    assert_same_result(expected, tmp_path / "out")
    assert workers(tmp_path / "events") == {"0", "1"}


def to_job(source: Path, output: Path) -> Job:
    """Return the same job for the embedded engine."""
    return Job(
        source=str(source),
        output=str(output),
        engine="polars",
        scoring=shipped("scoring.yml"),
        master="",
        form="parquet",
    )


def workers(folder: Path) -> set[str]:
    """Return the executors that finished tasks, from Spark's event log."""
    lines = [
        line
        for path in folder.rglob("*")
        if path.is_file()
        for line in path.read_text().splitlines()
        if '"SparkListenerTaskEnd"' in line
    ]
    return {json.loads(line)["Task Info"]["Executor ID"] for line in lines}
