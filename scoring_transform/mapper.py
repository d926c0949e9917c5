"""The Singer mapper: whole events in, scores out, STATE when it is true."""

from __future__ import annotations

import datetime as dt
import sys
import time
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar

import msgspec
import singer_sdk.typing as th
from singer_sdk.configuration._dict_config import merge_missing_config_jsonschema
from singer_sdk.helpers.capabilities import BATCH_CONFIG, PluginCapabilities
from singer_sdk.mapper_base import InlineMapper

from scoring_transform.batch_folder import BatchFolder
from scoring_transform.ending import PromptEnd
from scoring_transform.model import Model, read_model
from scoring_transform.pipeline import Limits, Pipeline
from scoring_transform.reader import BlockReader
from scoring_transform.scoring_file import ScoringFile
from scoring_transform.sources.mapping import load_source
from scoring_transform.sources.translating import Translator
from scoring_transform.store import STREAMS
from scoring_transform.streams import KEYS
from scoring_transform.writing import Outlet
from sync_core.plugin import PluginMixin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import singer_sdk.singerlib as singer
    from singer_sdk.helpers.capabilities import CapabilitiesEnum

BATCH_MEANING = (
    "Sends scores as files, which BATCH messages name, instead of a RECORD for each "
    "row: in this form and into this folder, to a target on the same machine."
)
RULES = tuple(field.name for field in msgspec.structs.fields(ScoringFile))


def utc_now() -> dt.datetime:
    """Return the time now, in UTC."""
    return dt.datetime.now(dt.UTC)


class ScoringTransform(PluginMixin, InlineMapper):
    """Scores whole webinar events and explains every number.

    Reads events, sessions, attendees and activities; sends lead_scores, activity_scores
    and event_summaries.
    """

    name = "scoring-transform"
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property(
            "scoring",
            th.StringType,
            title="Scoring file",
            description="Path of a scoring file; the one that is shipped if missing.",
        ),
        th.Property(
            "weights",
            th.ObjectType(additional_properties=th.NumberType),
            title="Weights",
            description="All nine weights, which total 100; replaces the file's own.",
        ),
        th.Property(
            "name",
            th.StringType,
            title="Model name",
            description="Travels with every score; replaces the file's own.",
        ),
        th.Property(
            "rank_population",
            th.StringType,
            allowed_values=["doers", "all"],
            title="Rank population",
            description="Who is ranked in an activity; replaces the file's own.",
        ),
        th.Property(
            "rounding",
            th.StringType,
            allowed_values=["truncate", "half_up"],
            title="Rounding",
            description="How scores are shown; replaces the file's own.",
        ),
        th.Property(
            "time_bucket_seconds",
            th.IntegerType,
            title="Time bucket",
            description="Ranks time in whole buckets; replaces the file's own.",
        ),
        th.Property(
            "on_demand_until",
            th.CustomType({"type": ["string", "object", "null"]}),
            title="End of the on-demand window",
            description="event_end, open or 14 days; replaces the file's own.",
        ),
        th.Property(
            "untimed_window",
            th.StringType,
            allowed_values=["live", "on_demand", "ignore"],
            title="Window of untimed activity",
            description="Where activity without a time counts; replaces the "
            "file's own.",
        ),
        th.Property(
            "on_incomplete",
            th.StringType,
            allowed_values=["withhold", "score"],
            title="Incomplete events",
            description="What becomes of an event that is never completed in the "
            "input; replaces the file's own.",
        ),
        th.Property(
            "exclude_roles",
            th.ArrayType(th.StringType),
            title="Excluded roles",
            description="Removed before ranking; replaces the file's own.",
        ),
        th.Property(
            "exclude_email_domains",
            th.ArrayType(th.StringType),
            title="Excluded e-mail domains",
            description="Removed before ranking; replaces the file's own.",
        ),
        th.Property(
            "source",
            th.StringType,
            title="Source mapping",
            description="Of a tap that does not send our streams: the path of a source "
            "mapping, or the name of a shipped one, such as zoom.",
        ),
        th.Property(
            "streams",
            th.ArrayType(th.StringType(allowed_values=list(KEYS))),
            default=list(KEYS),
            title="Streams that are sent",
            description="lead_scores, activity_scores and event_summaries. A target "
            "that explains a score needs the first two; lead_scores alone are half of "
            "the output.",
        ),
        th.Property(
            "close_events",
            th.StringType,
            allowed_values=["by_record", "at_end"],
            default="by_record",
            title="When an event is complete",
            description="by_record: its own RECORD comes after all of its parts. "
            "at_end: only the end of the input completes events.",
        ),
        th.Property(
            "state_dir",
            th.StringType,
            default=".leadscore",
            title="Work folder",
            description="Folder for what does not fit into memory.",
        ),
        th.Property(
            "max_rows_in_memory",
            th.IntegerType,
            default=250_000,
            title="Rows in memory",
            description="Activities of open events beyond this many go to disk.",
        ),
        th.Property(
            "flush_seconds",
            th.IntegerType,
            default=5,
            title="Longest wait",
            description="Scores and STATE wait this many seconds for more to come; a "
            "longer wait costs less.",
        ),
    ).to_dict()

    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """Add the SDK's setting of those who send BATCH messages."""
        super().append_builtin_config(config_jsonschema)
        ours = deepcopy(BATCH_CONFIG)
        ours["properties"]["batch_config"]["description"] = BATCH_MEANING
        merge_missing_config_jsonschema(ours, config_jsonschema)

    def __init__(
        self,
        *,
        now: Callable[[], dt.datetime] = utc_now,
        clock: Callable[[], float] = time.monotonic,
        output: IO[bytes] | None = None,
        **kwargs: Any,
    ) -> None:
        reader = BlockReader(STREAMS, self)
        super().__init__(**kwargs, message_reader=reader)
        if self.config.get("source"):
            reader.translate = Translator(load_source(self.config["source"])).translate
        batch_config = self.config.get("batch_config")
        self.pipeline = Pipeline(
            model=self.read_model(),
            limits=Limits(
                at_end=self.config["close_events"] == "at_end",
                rows=self.config["max_rows_in_memory"],
                seconds=float(self.config["flush_seconds"]),
                folder=Path(self.config["state_dir"]),
            ),
            outlet=Outlet(
                streams=self.config["streams"],
                output=output or sys.stdout.buffer,
                batches=BatchFolder(batch_config) if batch_config else None,
            ),
            now=now,
            clock=clock,
        )

    def read_model(self) -> Model:
        """Return the rules: the scoring file and the settings that replace its own."""
        overrides = {key: self.config[key] for key in RULES if key in self.config}
        return read_model(self.config.get("scoring"), overrides)

    @contextmanager
    def ending(self) -> Iterator[None]:
        """End the process on a signal during a block, however long a step takes."""
        with PromptEnd(self.pipeline.close), self.pipeline.sending():
            yield

    def idle(self) -> None:
        """Do what is due while no input comes."""
        self.pipeline.idle()

    def take_lines(self, stream: str, block: bytes, count: int) -> None:
        """Take RECORD lines of a big stream."""
        self.pipeline.add_lines(stream, block, count)

    def take_state(self, line: bytes) -> None:
        """Take a STATE line."""
        self.pipeline.add_state(line)

    def map_schema_message(
        self, message_dict: dict[str, Any]
    ) -> Iterable[singer.Message]:
        """Note that a stream is announced; ours are announced by their first rows."""
        self.pipeline.add_schema(message_dict)
        return ()

    def map_record_message(
        self, message_dict: dict[str, Any]
    ) -> Iterable[singer.Message]:
        """Take one record."""
        self.pipeline.add_record(message_dict)
        return ()

    def map_state_message(
        self, message_dict: dict[str, Any]
    ) -> Iterable[singer.Message]:
        """Take a STATE that did not come as a line."""
        self.pipeline.add_state(msgspec.json.encode(message_dict))
        return ()

    def map_batch_message(
        self, message_dict: dict[str, Any]
    ) -> Iterable[singer.Message]:
        """Take files of records."""
        self.pipeline.add_batch(message_dict)
        return ()

    def map_activate_version_message(
        self,
        message_dict: dict[str, Any],  # noqa: ARG002
    ) -> Iterable[singer.Message]:
        """Ignore it: scores replace each other by key."""
        return ()

    def process_endofpipe(self) -> None:
        """Score what is left and forward the last STATE."""
        with self.ending():
            self.pipeline.finish()
        super().process_endofpipe()
