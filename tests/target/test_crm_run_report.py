"""What a run says of itself: while it goes on, at its end, and where it was stopped."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from crm_world import World, lead_score, messages, world

from sync_core.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The account's other credential.
RENEWED: dict[str, Any] = {
    "access_token": None,
    "client_id": "sandbox-client",
    "client_secret": "sandbox-secret",
    "refresh_token": "sandbox-refresh",
}


def test_a_stopped_run_counts_the_rows_that_have_no_outcome(tmp_path: Path) -> None:
    """Outcomes and unfinished rows are all rows that were read."""
    rows = [lead_score(n) for n in range(400)]
    with world(tmp_path / "state", daily_limit=5) as hubspot:
        ran = hubspot.run(rows, timeline="none", batch_size_rows=200)

        assert isinstance(ran.problem, FatalError)
        written = ran.report["outcomes"]["created"]
        assert written in {100, 200}
        assert ran.report["rows"] == written + ran.report["unfinished"]
        hubspot.time.now += 86_400
        again = hubspot.run(rows, timeline="none")

        assert again.report["unfinished"] == 0
        assert sum(again.outcomes.values()) == len(rows)


def test_a_long_run_tells_how_far_it_is(
    hubspot: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Each time that it confirms; the last line is the summary."""
    caplog.set_level("INFO")
    target = hubspot.target(state_interval_seconds=60)

    def feed() -> Iterator[str]:
        lines = [json.dumps(m) + "\n" for m in messages([lead_score(n) for n in "abc"])]
        for number, line in enumerate(lines):
            if number == 3:
                target._last_full_drain_at -= 3_600
            yield line

    target.listen(feed())  # type: ignore[arg-type] # it only iterates

    said = [r.getMessage() for r in caplog.records if "rows" in r.getMessage()]
    progress, summary = said
    assert progress == "target-hubspot: 2 rows done so far, 6 requests."
    assert summary == (
        "target-hubspot: 3 rows: 3 created, 0 updated, 0 unchanged, 0 rejected, "
        "0 not sent; 3 timeline entries; 8 requests, 0 waits, 624,992 requests left "
        "today."
    )


@pytest.mark.parametrize(
    ("account", "reads"),
    [("portal 4711", 0), (None, 1)],
    ids=["named", "not named"],
)
def test_a_renewed_credential_goes_on_with_a_named_account(
    hubspot: World, account: str | None, reads: int
) -> None:
    """Without a request; unnamed, the contacts are compared once."""
    rows = [lead_score(0), lead_score(1)]
    hubspot.run(rows, account=account, timeline="none")

    ran = hubspot.run(rows, account=account, timeline="none", **RENEWED)

    assert ran.outcomes == {"unchanged": 2}
    assert len(ran.to("batch/read")) == reads
    assert ran.to("upsert") == []


def test_a_rejected_row_outlives_its_credential_in_a_named_account(
    hubspot: World,
) -> None:
    """It would wait for ever otherwise."""
    config: dict[str, Any] = {"account": "portal 4711", "timeline": "none"}
    hubspot.run([lead_score(0, email="no-dot@domain")], **config)

    ran = hubspot.run([], **{**config, **RENEWED})

    assert ran.report["resent"] == {"rejected": 1}
    assert ran.report["still_rejected"] == 1


def test_two_accounts_on_one_host_do_not_know_each_other(hubspot: World) -> None:
    """Whatever their credential: the name is what tells them apart."""
    hubspot.run([lead_score(0)], account="portal 1", timeline="none")

    ran = hubspot.run([lead_score(0)], account="portal 2", timeline="none")

    assert len(ran.to("batch/read")) == 1
