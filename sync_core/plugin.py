"""What every plugin of ours does the same way: end honestly and speak carefully."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.plugin_base import SingerCommand

from sync_core.redact import RedactingFilter, redact

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType

    import click

DEBUG_VARIABLE = "LEADSCORE_DEBUG"
STOPPED = "Stopped: "  # before the paragraph, so that a log can be searched for it


class PluginMixin:
    """First base of our tap, mapper and targets.

    * SIGTERM and SIGINT end the process at once with 143 and 130: nothing is drained
      or confirmed in a signal handler, so what was not confirmed is read again.
    * A failure is one paragraph on stderr and exit code 1, without a traceback
      (unless ``LEADSCORE_DEBUG=1``), without a secret and without a person's data.
    * Metrics of the SDK are quiet; our own summary is the last line.
    """

    package_name: str | None = "webinar-lead-score"

    if TYPE_CHECKING:
        config_jsonschema: ClassVar[Any]
        metrics_logger: logging.Logger
        _config: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        config = kwargs.get("config")
        schema: Mapping[str, Any] = type(self).config_jsonschema
        guard_logs(secret_values(config, schema) if isinstance(config, dict) else [])
        super().__init__(*args, **kwargs)
        guard_logs(secret_values(self._config, schema))
        self.metrics_logger.setLevel(logging.WARNING)

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        raise SystemExit(128 + signum)

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Return the SDK's command, with failures told in one paragraph."""
        command = super().get_singer_command()  # type: ignore[misc]
        return QuietCommand(
            name=command.name,
            callback=command.callback,
            params=command.params,
            help=command.help,
            context_settings=command.context_settings,
            logger=command.logger,
        )


class QuietCommand(SingerCommand):
    """Ends with one paragraph and exit code 1 where the SDK would print a traceback."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Parse the arguments; a configuration file that cannot be read is told."""
        with _told():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run; whatever goes wrong is told in one paragraph."""
        with _told():
            try:
                return super(SingerCommand, self).invoke(ctx)
            except ConfigValidationError as problem:
                _exit("the configuration is wrong: " + "; ".join(problem.errors))


@contextlib.contextmanager
def _told() -> Any:
    """The process's last line of defence: everything that is raised is told."""
    import click  # noqa: PLC0415 - only the command line needs it

    try:
        yield
    except (click.exceptions.Exit, click.ClickException, click.Abort):
        raise
    except BrokenPipeError:
        _exit("The next stage closed the pipe; nothing more was sent.")
    except Exception as problem:  # the process entry point
        if os.environ.get(DEBUG_VARIABLE):
            logging.getLogger(__name__).exception("Stopped.")
        _exit(_to_paragraph(problem))


def _exit(paragraph: str) -> None:
    guarded = [
        f
        for h in logging.getLogger().handlers
        for f in h.filters
        if isinstance(f, RedactingFilter)
    ]
    for guard in guarded:
        paragraph = guard.clean(paragraph)
    sys.stderr.write(f"{STOPPED}{redact(paragraph)}\n")
    sys.stderr.flush()
    _silence_stdout()
    raise SystemExit(1)


def _silence_stdout() -> None:
    """Keep the interpreter from failing again when it flushes a closed pipe."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        return
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _to_paragraph(problem: BaseException) -> str:
    """Return what a person should read; foreign errors may quote data, so only named.

    Our own errors are written for people. Of others only the kind is told: their text
    may hold a record or an answer's body.
    """
    from singer_sdk.exceptions import SingerSDKError  # noqa: PLC0415

    ours = type(problem).__module__.split(".")[0] in _OUR_PACKAGES
    if ours and isinstance(problem, SingerSDKError):
        return str(problem)
    kind = type(problem).__name__
    return (
        f"an unexpected {kind}. Nothing that was not confirmed is lost: run "
        f"again. For the details set {DEBUG_VARIABLE}=1 and report what is printed."
    )


_OUR_PACKAGES = {"sync_core", "tap_events", "scoring_transform", "target_crm"}


def secret_values(config: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """Return the values of all settings that the schema marks as secret."""
    properties: Mapping[str, Any] = schema.get("properties", {})
    return [
        str(config[name])
        for name, facts in properties.items()
        if facts.get("secret") and config.get(name)
    ]


def guard_logs(secrets: list[str]) -> None:
    """Make every handler of the root logger redact what it prints."""
    guard = RedactingFilter(secrets, tracebacks=bool(os.environ.get(DEBUG_VARIABLE)))
    for handler in logging.getLogger().handlers:
        for old in [f for f in handler.filters if isinstance(f, RedactingFilter)]:
            handler.removeFilter(old)
        handler.addFilter(guard)
