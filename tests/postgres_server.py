"""A PostgreSQL of this machine, started for the tests and thrown away after them."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "canary-of-the-database"
HOW = "on Debian and Ubuntu: apt-get install --no-install-recommends postgresql"
# A throw-away cluster need not survive a power cut; it listens to no network.
OPTIONS = (
    "-c fsync=off -c full_page_writes=off -c listen_addresses='' "
    "-c unix_socket_directories={folder}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A cluster that answers on a socket in its folder."""

    folder: Path
    programs: Path
    user: str | None

    def url(self, database: str = "postgres", user: str = "scores") -> str:
        """Return the URL of a database as a hosting company hands it out."""
        return f"postgresql://{user}:{PASSWORD}@/{database}?host={self.folder}"

    def do(self, *statements: str, database: str = "postgres") -> list[sa.Row[Any]]:
        """Run statements as its owner, each for itself; return the last one's rows."""
        address = sa.make_url(self.url(database)).set(drivername="postgresql+psycopg")
        engine = sa.create_engine(
            address, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
        )
        found: list[sa.Row[Any]] = []
        with engine.connect() as connection:
            for statement in statements:
                result = connection.exec_driver_sql(statement)
                found = list(result.all()) if result.returns_rows else []
        return found

    def run(self, program: str, *words: str) -> None:
        """Run a program of the cluster; it refuses to be run by root."""
        subprocess.run(
            [self.programs / program, "-D", self.folder / "data", *words],
            check=True,
            user=self.user,
            stdout=subprocess.DEVNULL,
            timeout=120,
            cwd=self.folder,
        )

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = OPTIONS.format(folder=self.folder)
        log = str(self.folder / "log")
        self.run("pg_ctl", "-w", "-l", log, "-o", options, "start")

    def stop(self) -> None:
        """Stop it at once, as a power cut would."""
        self.run("pg_ctl", "-w", "-m", "immediate", "stop")


def find_programs() -> Path | None:
    """Return the folder of the server's programs; Debian has none of them in PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    if found:
        return found[-1].parent
    return Path(on_path).parent if on_path else None


@contextlib.contextmanager
def serving(programs: Path) -> Iterator[Server]:
    """Give a cluster with a user and a password."""
    user = _user() if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder = Path(name)  # not a test's own, which only root may enter
        if user:
            shutil.chown(folder, user)
        server = Server(folder=folder, programs=programs, user=user)
        secret = folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        server.run(
            "initdb",
            *("--auth=scram-sha-256", f"--pwfile={secret}", "--username=scores"),
            *("--encoding=UTF8", "--locale=C", "--no-sync"),
        )
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _user() -> str:
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)
