"""The CRM loader of a Meltano project: its settings, and running it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from leadscore.pipeline import to_reason
from sync_core.errors import FatalError, SettingError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leadscore.home import Home

LOADERS = {"hubspot": "target-hubspot", "salesforce": "target-salesforce"}
# What Meltano itself sends for `meltano config test`: check, and write nothing.
TEST_STREAM = (
    {
        "type": "SCHEMA",
        "stream": "meltano_test_stream",
        "schema": {"properties": {"id": {"type": "integer"}}},
        "key_properties": ["id"],
    },
    {"type": "RECORD", "stream": "meltano_test_stream", "record": {"id": 1}},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loader:
    """One CRM's loader as a Meltano project declares it, in one environment."""

    home: Home
    name: str
    environment: str = ""

    def config(self) -> dict[str, Any]:
        """Return the settings that a run would have.

        Raises:
            FatalError: Meltano cannot tell them.
        """
        done = self._meltano("invoke", "--dump=config", self.name)
        try:
            return dict(json.loads(done.stdout))
        except ValueError as error:
            raise FatalError(
                f"Meltano could not tell the settings of `{self.name}`. Check that "
                "meltano.yml declares it: `meltano config list "
                f"{self.name}`."
            ) from error

    def invoke(
        self,
        messages: Sequence[Mapping[str, Any]],
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """Run the loader alone on some messages.

        Raises:
            FatalError: It failed; the text is its own last paragraph.
        """
        lines = "".join(json.dumps(message) + "\n" for message in messages)
        done = self._meltano("invoke", self.name, feed=lines, variables=variables)
        if done.returncode:
            raise FatalError(to_reason(done.stderr.splitlines()))

    def run(self, blocks: Sequence[str], variables: Mapping[str, str]) -> None:
        """Run a pipeline into the loader without keeping its state.

        Raises:
            FatalError: It failed; the text is the end of what it printed.
        """
        done = self._meltano(
            "run", "--no-state-update", "--force", *blocks, variables=variables
        )
        if done.returncode:
            raise FatalError(to_reason((done.stderr + done.stdout).splitlines()))

    def _meltano(
        self,
        *words: str,
        feed: str = "",
        variables: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        meltano = shutil.which("meltano")
        if meltano is None:
            raise FatalError(
                "Meltano is not installed here. Install it with "
                "`pip install 'webinar-lead-score[run]'`, then run again."
            )
        chosen = ["--environment", self.environment] if self.environment else []
        return subprocess.run(  # noqa: S603 - our own words, no shell
            [meltano, *chosen, *words],
            cwd=self.home.project,
            env={**os.environ, "NO_COLOR": "1", **(variables or {})},
            input=feed,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )


def to_loader(home: Home, crm: str, environment: str) -> Loader:
    """Return the loader of a CRM.

    Raises:
        SettingError: There is no such CRM.
    """
    if crm not in LOADERS:
        raise SettingError(
            f"`--crm` is `{crm}`; allowed are {', '.join(LOADERS)}.", setting="crm"
        )
    return Loader(home=home, name=LOADERS[crm], environment=environment)
