"""The command line for people: `leadscore`."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from singer_sdk.exceptions import SingerSDKError

from leadscore.crm_cli import EnvironmentOption, crm_app, find_loader
from leadscore.home import Home, check_project, find_home
from leadscore.terminal import console
from sync_core.redact import redact

if TYPE_CHECKING:
    from types import FrameType

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Webinar engagement to explainable lead scores in your CRM.",
)
weights_app = typer.Typer(
    no_args_is_help=True, help="What each activity is worth: nine weights, 100 in all."
)
app.add_typer(weights_app, name="weights")
app.add_typer(crm_app, name="crm")

ScoringFileOption = Annotated[
    Path | None,
    typer.Option("--file", help="A scoring file; the project's own by default."),
]

SCORE_INPUT = "A folder with events, sessions, attendees and activities in it."
SCORING_FILE = "A scoring file; the project's own by default."
SCORE_FORMAT = "Spark only: the format of input and output."
Crm = Literal["hubspot", "salesforce", "all"]
Tier = Literal["free", "starter", "professional", "enterprise"]
TIER = "HubSpot's edition: limits and features."
EXPLAIN_CRM = (
    "hubspot or salesforce: read the ledger that this project's loader keeps, wherever "
    "its settings say; else the one in the state folder."
)
AS_CSV = "As a table for a spreadsheet."
FAULT_PLAN = "A fault plan: what to break, and when."
BURST = "HubSpot's requests in ten seconds, instead of the edition's."
RETRY_AFTER = "Send Retry-After with a 429, which HubSpot does not promise."
INDEX_LAG = "Seconds that HubSpot's search runs behind the writes."
OAUTH_LIFE = "Seconds that an OAuth token of HubSpot lives."
JOB_SECONDS = "Seconds that a bulk job of Salesforce takes."
SPARK_CONF = "Spark only: KEY=VALUE, as often as needed."


def home() -> Home:
    """Return the project that the command was called in."""
    return find_home(os.environ, Path.cwd())


@app.command()
def demo(
    *,
    keep: Annotated[
        bool, typer.Option(help="Leave the sandbox up and print its address.")
    ] = False,
    port: Annotated[int, typer.Option(help="Port of the sandbox; 0 is any.")] = 0,
) -> None:
    """Run the whole product on the embedded sandbox and show the hottest leads."""
    from leadscore.demo import running_demo  # noqa: PLC0415 - slow to import
    from leadscore.show import show_result, telling  # noqa: PLC0415 - likewise

    here = home()
    check_project(here)
    with telling(console) as told, running_demo(here, port, told) as result:
        told.stop()
        show_result(console, result)
        if keep:
            console.print(f"The sandbox is up at [link]{result.url}[/link]")
            console.print("Press Ctrl-C to stop it.")
            _wait_for_stop()
        else:
            console.print("`./run.sh --keep` leaves the CRM up to look at.")


@app.command()
def sandbox(  # noqa: PLR0913 - one for each option
    *,
    crm: Annotated[Crm, typer.Option(help="Which CRM to play.")] = "all",
    port: Annotated[int, typer.Option(help="0 is any free port.")] = 8760,
    host: Annotated[str, typer.Option(help="A loopback address.")] = "127.0.0.1",
    faults: Annotated[Path | None, typer.Option(help=FAULT_PLAN)] = None,
    rate_limits: Annotated[
        bool, typer.Option(help="Refuse requests that come too fast.")
    ] = True,
    tier: Annotated[Tier, typer.Option(help=TIER)] = "professional",
    burst_limit: Annotated[int | None, typer.Option(help=BURST)] = None,
    daily_limit: Annotated[int | None, typer.Option(help="Requests a day.")] = None,
    retry_after: Annotated[bool, typer.Option(help=RETRY_AFTER)] = False,
    latency_ms: Annotated[int, typer.Option(help="Wait before each answer.")] = 0,
    index_lag: Annotated[float, typer.Option(help=INDEX_LAG)] = 0.0,
    token_life: Annotated[int, typer.Option(help=OAUTH_LIFE)] = 1800,
    job_seconds: Annotated[float, typer.Option(help=JOB_SECONDS)] = 0.0,
    seed: Annotated[int, typer.Option(help="Decides ids and result order.")] = 1,
    in_memory: Annotated[bool, typer.Option(help="Keep nothing afterwards.")] = False,
) -> None:
    """Serve look-alikes of the webinar platform and the CRMs on this machine."""
    from leadscore.sandboxing import Wishes, serve_sandbox  # noqa: PLC0415 - slow

    common = {
        "port": port,
        "host": host,
        "tier": tier,
        "seed": seed,
        "latency_ms": latency_ms,
        "rate_limits": rate_limits,
        "burst_limit": burst_limit,
        "retry_after": retry_after,
        "index_lag_s": index_lag,
        "token_life_s": token_life,
    }
    wishes = Wishes(
        crm=crm,
        common=common,
        daily_limit=daily_limit,
        job_seconds=job_seconds,
        faults=faults,
        in_memory=in_memory,
    )
    serve_sandbox(home().work, console, wishes, _wait_for_stop)


@app.command()
def explain(
    *,
    event: Annotated[str, typer.Option(help="Event id, or its exact name.")],
    email: Annotated[str, typer.Option(help="The person's e-mail address.")],
    crm: Annotated[str, typer.Option(help=EXPLAIN_CRM)] = "",
    environment: EnvironmentOption = "",
    csv: Annotated[bool, typer.Option("--csv", help=AS_CSV)] = False,
) -> None:
    """Explain a score from the counts up, as the CRM was last told."""
    from leadscore.explain import explain_person, find_person  # noqa: PLC0415 - slow
    from leadscore.sheets import to_step_sheet  # noqa: PLC0415 - likewise

    work, ledger_url = home().work, None
    if crm:
        from leadscore.crm import books_of  # noqa: PLC0415 - slow to import

        books = books_of(find_loader(crm, environment))
        work, ledger_url = books.work, books.ledger_url
    asked = (work, event, email, ledger_url)
    lines = to_step_sheet(find_person(*asked)) if csv else explain_person(*asked)
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


@app.command()
def score(  # noqa: PLR0913 - one for each option
    *,
    source: Annotated[str, typer.Option("--input", help=SCORE_INPUT)],
    output: Annotated[str, typer.Option(help="Where the three tables go.")],
    engine: Annotated[str, typer.Option(help="polars or spark")] = "polars",
    scoring: Annotated[Path | None, typer.Option(help=SCORING_FILE)] = None,
    master: Annotated[str, typer.Option(help="Spark's master.")] = "local[*]",
    form: Annotated[str, typer.Option("--format", help=SCORE_FORMAT)] = "parquet",
    conf: Annotated[list[str] | None, typer.Option(help=SPARK_CONF)] = None,
) -> None:
    """Score whole datasets, on this machine or on Spark."""
    from leadscore.score import Job, run_job  # noqa: PLC0415 - slow to import

    job = Job(
        source=source,
        output=output,
        engine=engine,
        scoring=scoring or project_scoring_file(),
        master=master,
        form=form,
        conf=tuple(conf or ()),
    )
    console.print(run_job(job), markup=False, highlight=False, soft_wrap=True)


@weights_app.command("show")
def weights_show(file: ScoringFileOption = None) -> None:
    """Show the nine weights."""
    from leadscore.weights import to_table  # noqa: PLC0415 - slow to import
    from scoring_transform.model import read_model  # noqa: PLC0415 - likewise

    console.print(to_table(read_model(file or project_scoring_file())))


@weights_app.command("check")
def weights_check(file: ScoringFileOption = None) -> None:
    """Check a scoring file; exit 1 with the reason if it cannot be used."""
    from scoring_transform.model import read_model  # noqa: PLC0415 - slow to import

    model = read_model(file or project_scoring_file())
    console.print(
        f"{model.source}: model {model.name!r} ({model.hash}) is valid; the weights "
        "total 100."
    )


@weights_app.command("reset")
def weights_reset(file: ScoringFileOption = None) -> None:
    """Put the default weights back into a scoring file."""
    from leadscore.weights import reset_weights, to_table  # noqa: PLC0415 - slow

    path = file or project_scoring_file()
    console.print(to_table(reset_weights(path)))


def project_scoring_file() -> Path:
    """Return the project's own scoring file, else the one that is shipped."""
    from sync_core.mappings import shipped  # noqa: PLC0415 - slow to import

    own = home().project / "mappings" / "scoring.yml"
    return own if own.is_file() else shipped("scoring.yml")


def _wait_for_stop() -> None:
    """Return at Ctrl-C; SIGTERM ends the process, and the sandbox with it."""
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()


def _end(signum: int, frame: FrameType | None) -> Any:  # noqa: ARG001 - its protocol
    raise SystemExit(128 + signum)


def main() -> None:
    """Run the command line; a failure is one paragraph and exit code 1."""
    signal.signal(signal.SIGTERM, _end)
    try:
        app()
    except SingerSDKError as problem:
        if os.environ.get("LEADSCORE_DEBUG"):
            raise
        sys.stderr.write(f"{redact(str(problem))}\n")
        raise SystemExit(1) from problem
