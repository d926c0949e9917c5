"""Spark for the tests: small, quiet, on loopback, stopped at the end."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from made_datasets import make_rows, write_datasets
from needed_programs import missing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Made-up datasets are tiny: what costs time is compiling, so that is left out.
SMALL = {
    "spark.driver.memory": "1g",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
    "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1",
}
QUIET = """\
rootLogger.level = warn
rootLogger.appenderRef.file.ref = file
appender.file.type = File
appender.file.name = file
appender.file.fileName = {file}
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d %p %c: %m%n%ex
"""


@pytest.fixture(scope="session")
def java() -> str:
    """Return the Java that Spark runs on; without one these tests cannot run."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin" if home else None)
    if found is None:
        missing("Java 17", "Spark needs it: put `java` on the PATH")
    return found


@pytest.fixture(scope="session")
def spark_home(java: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder for Spark's logs and settings, in force while tests run."""
    folder = tmp_path_factory.mktemp("spark")
    (folder / "log4j2.properties").write_text(QUIET.format(file=folder / "spark.log"))
    ours = {"SPARK_CONF_DIR": str(folder), "SPARK_LOCAL_IP": "127.0.0.1"}
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    yield folder
    for name, value in before.items():
        if value is None:
            os.environ.pop(name)
        else:
            os.environ[name] = value


@pytest.fixture(scope="session")
def small() -> dict[str, str]:
    """Return Spark's settings for made-up datasets."""
    return dict(SMALL)


@pytest.fixture(scope="session")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the four datasets of four events."""
    return write_datasets(tmp_path_factory.mktemp("made") / "in", make_rows(seed=3))
