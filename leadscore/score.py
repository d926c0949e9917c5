"""Score whole datasets: `leadscore score`."""

from __future__ import annotations

import datetime as dt
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scoring_transform.datasets.scoring import score_datasets
from scoring_transform.model import read_model
from scoring_transform.streams import KEYS
from sync_core.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scoring_transform.model import Model

PARQUET = "parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What the command was asked to do.

    Attributes:
        source: A folder with one folder for each of the four datasets.
        output: Where the folders of the three tables go.
        engine: ``polars`` or ``spark``.
        scoring: The scoring file.
        master: Spark's master.
        form: The format of both; the embedded engine knows only Parquet.
        conf: Spark's settings, each as KEY=VALUE.
    """

    source: str
    output: str
    engine: str
    scoring: Path
    master: str
    form: str
    conf: tuple[str, ...] = ()


def utc_now() -> dt.datetime:
    """Return the time now, in UTC."""
    return dt.datetime.now(dt.UTC)


def run_job(
    job: Job,
    *,
    now: Callable[[], dt.datetime] = utc_now,
    clock: Callable[[], float] = time.monotonic,
) -> str:
    """Score the datasets, write the tables and say what was done."""
    engines = {"polars": _run_embedded, "spark": _run_spark}
    if job.engine not in engines:
        raise SettingError(
            f"`--engine` is {job.engine!r}; allowed are polars and spark.",
            setting="engine",
        )
    begun = clock()
    model = read_model(job.scoring)
    engines[job.engine](job, model, now().strftime("%Y-%m-%dT%H:%M:%SZ"))
    names = ", ".join(KEYS)
    return (
        f"Wrote {names} to {job.output} in {clock() - begun:.1f} s "
        f"({job.engine}, model {model.name!r}, {model.hash})."
    )


def _run_embedded(job: Job, model: Model, scored_at: str) -> None:
    from scoring_transform.datasets.embedded import (  # noqa: PLC0415 - slow to import
        EmbeddedEngine,
    )

    if job.form != PARQUET:
        raise SettingError(
            f"`--format` is {job.form!r}, which needs `--engine spark`.",
            setting="format",
        )
    if job.conf:
        raise SettingError("`--conf` needs `--engine spark`.", setting="conf")
    engine = EmbeddedEngine(source=Path(job.source), output=Path(job.output))
    score_datasets(engine, model, scored_at)


def _run_spark(job: Job, model: Model, scored_at: str) -> None:
    conf = to_conf(job.conf)
    try:
        import pyspark  # noqa: F401, PLC0415 - an extra
    except ImportError as error:
        raise SettingError(
            "`--engine spark` needs PySpark 4: install the extra, "
            "`pip install 'webinar-lead-score[spark]'`.",
            setting="engine",
        ) from error
    from scoring_transform.datasets.spark import (  # noqa: PLC0415 - needs the extra
        SparkEngine,
    )
    from scoring_transform.datasets.spark_session import (  # noqa: PLC0415 - likewise
        opened_session,
    )

    with opened_session(job.master, conf, os.environ) as session:
        engine = SparkEngine(
            session=session, source=job.source, output=job.output, form=job.form
        )
        score_datasets(engine, model, scored_at)


def to_conf(pairs: tuple[str, ...]) -> Mapping[str, str]:
    """Return KEY=VALUE pairs as settings."""
    conf = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (key and equals):
            raise SettingError(
                f"`--conf` is {pair!r}; write KEY=VALUE, such as "
                "spark.executor.memory=4g.",
                setting="conf",
            )
        conf[key] = value
    return conf
