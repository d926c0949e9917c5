"""What the targets of all CRMs share: one run, the order of drains, honest ends."""

from __future__ import annotations

import abc
import atexit
import contextlib
import gc
import inspect
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk.helpers.capabilities import PluginCapabilities
from singer_sdk.target_base import Target

from sync_core.plugin import PluginMixin
from target_crm.batch_files import BatchFiles
from target_crm.reader import QuietReader
from target_crm.run import Run
from target_crm.settings import STATE_INTERVAL_SECONDS, to_common_settings
from target_crm.sinks import to_sink_class

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import IO

    from singer_sdk.about import AboutInfo
    from singer_sdk.sinks import Sink

    from target_crm.crm import Crm

OBJECTS_BETWEEN_COLLECTIONS = 100_000
# Python looks for cycles among all objects once more before it ends: 0.3 s for nothing.
atexit.register(gc.freeze)

# Of databases, or of a package that is not among ours: a contact has no load method.
MEANINGLESS = ("add_record_metadata", "load_method", "faker_config")


class CrmTarget(PluginMixin, Target, abc.ABC):
    """A target that writes lead scores to a CRM."""

    capabilities: ClassVar[list[Any]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]
    message_reader_class = QuietReader
    max_parallelism = 1  # contacts before what refers to them; one writer of the ledger

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        seconds = self.config.get("state_interval_seconds", STATE_INTERVAL_SECONDS)
        self._MAX_RECORD_AGE_IN_MINUTES = max(1, int(seconds)) / 60
        self.batch_files = BatchFiles()
        self._run: Run | None = None
        self._code = 0
        self._is_ending = False

    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """Add those of the SDK's settings that mean something to a CRM."""
        super().append_builtin_config(config_jsonschema)
        for name in MEANINGLESS:
            config_jsonschema["properties"].pop(name, None)

    @classmethod
    def _get_about_info(cls) -> AboutInfo:
        """Return what a hub shows, without the indentation of the source code."""
        info = super()._get_about_info()
        return replace(info, description=inspect.cleandoc(info.description or ""))

    @abc.abstractmethod
    def to_crm(self) -> Crm:
        """Return the account that the settings name."""

    @classmethod
    def account_of(cls, config: Mapping[str, Any]) -> str:
        """Return the account of some settings as the ledger names it.

        Raises:
            SettingError: The credential is not whole.
        """
        given = {name: value for name, value in config.items() if value is not None}
        with contextlib.closing(cls(config=given).to_crm()) as crm:
            return crm.account()

    @property
    def crm_run(self) -> Run:
        """The run; opened when it is first needed."""
        if self._run is None:
            settings = to_common_settings(self.config)
            self._run = Run(self.name, self.to_crm(), settings)
        return self._run

    @property
    def _is_dry_run(self) -> bool:
        """Whether this run only says what the real one would do."""
        return to_common_settings(self.config).dry_run

    def get_sink_class(self, stream_name: str) -> type[Sink]:
        """Return what the stream means to this target."""
        return to_sink_class(stream_name)

    def listen(  # type: ignore[misc] # final only in types; no other end is told
        self, file_input: IO[str] | None = None
    ) -> None:
        """Read until the end of input; the report is written whatever happens."""
        run = self.crm_run
        stopped = "interrupted"
        try:
            with _rare_collections():
                super().listen(file_input)
            stopped = ""
        except Exception as problem:
            stopped = type(problem).__name__
            raise
        finally:
            if self._run is not None:
                self._code = self._finish(run, stopped)
        if self._code:
            raise SystemExit(self._code)

    def _finish(self, run: Run, stopped: str) -> int:
        code = run.close(stopped)
        self._run = None
        self.logger.info(run.report.line(run.crm.traffic))
        if run.report.rejections:
            self.logger.warning(
                "Rejected rows and why: %s. They are sent again by the next run.",
                run.place_of_rejected(),
            )
        return code

    def process_endofpipe(self) -> None:
        """Drain, send earlier rejected rows again, confirm, and close the books."""
        self._is_ending = True
        for sink in self._sinks_active.values():
            self.drain_one(sink)
        run = self.crm_run
        run.delivery.finish()
        super().process_endofpipe()
        self._code = self._finish(run, "")

    def _write_state_message(self, state: dict[str, Any]) -> None:
        """Confirm nothing in a dry run: the next real one must read all of it."""
        if not self._is_dry_run:
            super()._write_state_message(state)

    def _drain_all(self, sink_list: Iterable[Sink], parallelism: int) -> None:
        """Settle what the drained rows need before the STATE that covers them."""
        super()._drain_all(sink_list, parallelism)
        run = self.crm_run
        run.delivery.settle()
        if not self._is_dry_run:
            self.batch_files.delete_taken()
        if run.report.rows and not self._is_ending:
            self.logger.info(run.report.progress(run.crm.traffic))


@contextlib.contextmanager
def _rare_collections() -> Iterator[None]:
    """Look for cycles among objects rarely: rows have none, and batches are large.

    Looking as often as usual took a fifth of the CPU of a run of 10,000 rows.
    """
    before = gc.get_threshold()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
