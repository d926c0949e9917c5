"""The Spark session that a score runs in."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from sync_core.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LOCAL = "local"
APP_NAME = "leadscore score"
#: Set by spark-submit, whose own master and settings then hold.
SUBMITTED = "PYSPARK_GATEWAY_PORT"
RULES = {
    # Times are read and written in UTC, whatever the cluster's own zone is.
    "spark.sql.session.timeZone": "UTC",
    # A number that does not fit stops the run instead of becoming another number.
    "spark.sql.ansi.enabled": "true",
}
#: What holds unless the cluster or the user says otherwise.
USUALLY = {
    "spark.app.name": APP_NAME,
    # The text of a plan is for people; in full it can outgrow the driver's memory.
    "spark.sql.maxPlanStringLength": "10000",
    "spark.ui.showConsoleProgress": "false",
}
#: On one machine nothing listens beyond it, and few tasks beat many.
ON_THIS_MACHINE = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "8",
    "spark.log.level": "ERROR",
}


@contextmanager
def opened_session(
    master: str, conf: Mapping[str, str], environment: Mapping[str, str]
) -> Iterator[SparkSession]:
    """Open a session, and stop it at the end if it was not there before.

    Args:
        master: Where to run; spark-submit's own choice wins.
        conf: Settings of Spark that replace ours.
        environment: Says whether spark-submit runs this.
    """
    active = SparkSession.getActiveSession()
    if active is not None:
        yield with_rules(active)
        return
    session = with_rules(_open(to_settings(master, conf, environment)))
    try:
        yield session
    finally:
        session.stop()


def with_rules(session: SparkSession) -> SparkSession:
    """Return a session in which the score means the same as on every engine."""
    for key, value in RULES.items():
        session.conf.set(key, value)
    return session


def to_settings(
    master: str, conf: Mapping[str, str], environment: Mapping[str, str]
) -> dict[str, str]:
    """Return the settings of a new session."""
    if SUBMITTED in environment:
        return USUALLY | dict(conf)
    local = ON_THIS_MACHINE if master.startswith(LOCAL) else {}
    return USUALLY | local | {"spark.master": master} | dict(conf)


def _open(settings: Mapping[str, str]) -> SparkSession:
    builder = SparkSession.builder
    for key, value in settings.items():
        builder = builder.config(key, value)
    try:
        return builder.getOrCreate()
    except (PySparkException, Py4JError) as error:
        raise FatalError(
            "Spark did not start. It needs Java 17 or newer (JAVA_HOME, or `java` on "
            "the PATH) and a master that it can reach; its own words are above."
        ) from error
