"""Sinks: what each stream means to a CRM target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.sinks import BatchSink

from sync_core.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from singer_sdk.helpers._batch import BaseBatchFileEncoding
    from singer_sdk.sinks.core import BaseJSONSchemaValidator

    from target_crm.run import Run

CONNECTION_TEST = "meltano_test_stream"


class _CrmSink(BatchSink):
    """Takes records as they come: each row is judged on its own, later."""

    @property
    def crm_run(self) -> Run:
        """The run that this sink belongs to."""
        target: Any = self._target
        run: Run = target.crm_run
        return run

    def __init__(self, target: Any, *args: Any, **kwargs: Any) -> None:
        self._target = target
        super().__init__(target, *args, **kwargs)

    def get_validator(self) -> BaseJSONSchemaValidator | None:
        """Return none: a bad row is rejected, it does not end the run."""
        return None

    def _validate_and_parse(self, record: dict[str, Any]) -> dict[str, Any]:
        """Leave times as text: a bad one is the row's own trouble."""
        return record

    def process_batch_files(
        self, encoding: BaseBatchFileEncoding, files: Sequence[str]
    ) -> None:
        """Take the rows of files, after those that were read before them."""
        self._target.drain_one(self)
        for rows in self._target.batch_files.read(encoding, files, self.max_size):
            self.record_counter_metric.increment(len(rows))
            self.process_batch({"records": rows})

    def _after_process_record(self, context: dict[str, Any]) -> None:
        """Log nothing: the SDK would log the whole batch at DEBUG."""


class LeadScoresSink(_CrmSink):
    """Writes `lead_scores` to contacts."""

    def _singer_validate_message(self, record: dict[str, Any]) -> None:
        """Let a record without its key be rejected as a row."""

    @property
    def max_size(self) -> int:
        """Rows to collect: what is best for the CRM, unless the setting says else."""
        return self.batch_size_rows or self.crm_run.crm.rows_in_a_drain

    def process_batch(self, context: dict[str, Any]) -> None:
        """Write a batch; returns when every row has an outcome that is kept."""
        self.crm_run.delivery.deliver(context.get("records", []))


class ActivityScoresSink(_CrmSink):
    """Keeps `activity_scores` for the breakdown and for `leadscore explain`."""

    MAX_SIZE_DEFAULT = 10_000

    def process_batch(self, context: dict[str, Any]) -> None:
        """Keep a batch."""
        self.crm_run.keep_activity_scores(context.get("records", []))


class ConnectionTestSink(_CrmSink):
    """Meltano's test of a loader: checks the credential and writes nothing."""

    def process_batch(self, context: dict[str, Any]) -> None:
        """Check the credential; the record itself means nothing."""
        del context
        self.crm_run.crm.check()


class IgnoredSink(_CrmSink):
    """A stream that no contact is made of."""

    def setup(self) -> None:
        """Say once that the stream is ignored, or stop, as the setting says."""
        if self.config.get("on_unmapped_stream") == "fail":
            raise FatalError(
                f"The stream {self.stream_name} means nothing to this target. Leave it "
                "out of the selection, or set `on_unmapped_stream` to ignore.",
                setting="on_unmapped_stream",
            )
        self.logger.warning("The stream %s is ignored.", self.stream_name)

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        """Forget the record."""

    def process_batch(self, context: dict[str, Any]) -> None:
        """Do nothing: there is nothing to write."""

    def process_batch_files(
        self, encoding: BaseBatchFileEncoding, files: Sequence[str]
    ) -> None:
        """Leave the files alone: they are not ours."""


SINKS: Mapping[str, type[_CrmSink]] = {
    "lead_scores": LeadScoresSink,
    "activity_scores": ActivityScoresSink,
    CONNECTION_TEST: ConnectionTestSink,
}
# Streams of ours that say nothing about a contact are ignored without a word.
SILENT = frozenset({"event_summaries", "events", "sessions", "attendees", "activities"})


class SilentSink(IgnoredSink):
    """One of our own streams that a CRM does not need."""

    def setup(self) -> None:
        """Say nothing."""

    def process_batch_files(
        self,
        encoding: BaseBatchFileEncoding,  # noqa: ARG002
        files: Sequence[str],
    ) -> None:
        """Read nothing; the files go with those that are read."""
        self._target.batch_files.pass_over(files)


def to_sink_class(stream: str) -> type[_CrmSink]:
    """Return the sink of a stream."""
    return SINKS.get(stream, SilentSink if stream in SILENT else IgnoredSink)
