"""What is planned to break breaks, once, and in no other way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from sandbox.errors import SandboxError
from sandbox.faults import (
    Drip,
    FaultPlan,
    Hang,
    LoseReply,
    Planned,
    Reset,
    RowErrors,
    Status,
    Truncate,
    parse_faults,
    read_faults,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hubspot_clients import Api

    from sandbox.server import RunningSandbox

    Start = Callable[..., RunningSandbox]
    ToApi = Callable[[RunningSandbox], Api]

UPSERT = "*/contacts/batch/upsert"
PATH = "/crm/v3/objects/contacts"
ANN = {"email": "ann@example.com"}


def begin(start: Start, fault: Any, **more: Any) -> RunningSandbox:
    """Start a sandbox that breaks the first upsert."""
    planned = Planned(part="hubspot", path=UPSERT, requests=(1,), fault=fault)
    return start(faults=(planned,), **more)


def held(sandbox: RunningSandbox) -> set[str]:
    """Return the addresses that the CRM holds."""
    return set(json.loads(sandbox.dump())["contacts"])


def test_a_status_is_answered_and_nothing_is_done(start: Start, to_api: ToApi) -> None:
    """With its headers, and only the first time."""
    fault = Status(status=503, body="busy", headers={"Retry-After": "3"})
    sandbox = begin(start, fault)
    api = to_api(sandbox)
    broken = api.upsert(ANN)
    assert (broken.status_code, broken.text) == (503, "busy")
    assert broken.headers["Retry-After"] == "3"
    assert held(sandbox) == set()
    assert api.upsert(ANN).status_code == 200
    assert sandbox.unhit == ()


def test_a_lost_reply_was_done(start: Start, to_api: ToApi) -> None:
    """The client sees a broken line, the CRM has the contact."""
    sandbox = begin(start, LoseReply())
    with pytest.raises(requests.ConnectionError):
        to_api(sandbox).upsert(ANN)
    assert held(sandbox) == {"ann@example.com"}
    assert [(r.status, r.fault) for r in sandbox.requests] == [(0, "lose_reply")]


def test_a_reply_lost_behind_a_proxy_was_done(start: Start, to_api: ToApi) -> None:
    """502 although it is written."""
    sandbox = begin(start, LoseReply(status=502))
    assert to_api(sandbox).upsert(ANN).status_code == 502
    assert held(sandbox) == {"ann@example.com"}


def test_a_lost_reply_can_be_a_silence(start: Start) -> None:
    """The work is done; the client loses its patience, and the log has it at once."""
    sandbox = begin(start, LoseReply(after_s=60))
    body = {"inputs": [{"id": ANN["email"], "idProperty": "email", "properties": ANN}]}
    with pytest.raises(requests.ReadTimeout):
        requests.post(
            f"{sandbox.url}{PATH}/batch/upsert",
            json=body,
            headers={"Authorization": "Bearer sandbox-token"},
            timeout=2,
        )
    assert held(sandbox) == {"ann@example.com"}
    assert [(r.status, r.fault) for r in sandbox.requests] == [(0, "lose_reply")]


def test_a_fault_can_be_for_the_requests_that_hold_a_text(
    start: Start, to_api: ToApi
) -> None:
    """One bad row refuses every batch that it is in, and no other."""
    bad = Planned(
        part="hubspot", path=UPSERT, fault=Status(status=400), holds="bob@example.com"
    )
    sandbox = start(faults=(bad,))
    api = to_api(sandbox)
    bob = {"email": "bob@example.com"}
    assert [api.upsert(ANN, bob).status_code, api.upsert(bob).status_code] == [400, 400]
    assert api.upsert(ANN).status_code == 200
    assert held(sandbox) == {"ann@example.com"}
    assert sandbox.unhit == ()


def test_a_plan_can_end(start: Start, to_api: ToApi) -> None:
    """What was wrong has been mended; what was never hit stays told."""
    late = Planned(part="hubspot", requests=(9,), fault=Status(status=500))
    sandbox = begin(start, Status(status=500))
    never = start(faults=(late,))
    sandbox.sandbox.plan.end()
    never.sandbox.plan.end()
    assert to_api(sandbox).upsert(ANN).status_code == 200
    assert never.unhit == (late,)


def test_a_reset_at_the_beginning_does_nothing(start: Start, to_api: ToApi) -> None:
    """The line breaks before the work."""
    sandbox = begin(start, Reset())
    api = to_api(sandbox)
    with pytest.raises(requests.ConnectionError):
        api.upsert(ANN)
    assert held(sandbox) == set()
    assert api.upsert(ANN).status_code == 200


@pytest.mark.parametrize("at", [0.25, 0.5, 0.99])
def test_a_reset_in_the_body_cuts_it(start: Start, to_api: ToApi, at: float) -> None:
    """The client sees that something is missing; the work is done."""
    sandbox = begin(start, Reset(at=at))
    with pytest.raises((requests.ConnectionError, requests.RequestException)):
        to_api(sandbox).upsert(ANN)
    assert held(sandbox) == {"ann@example.com"}


def test_a_truncated_answer_looks_whole(start: Start, to_api: ToApi) -> None:
    """Its length is right, its JSON is torn."""
    answer = to_api(begin(start, Truncate(at=0.5))).upsert(ANN)
    assert answer.status_code == 200
    assert len(answer.content) == int(answer.headers["Content-Length"])
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_a_dripping_answer_is_whole_in_the_end(start: Start, to_api: ToApi) -> None:
    """Byte by byte, the same body."""
    answer = to_api(begin(start, Drip(pause_s=0))).upsert(ANN)
    assert answer.json()["results"][0]["properties"]["email"] == "ann@example.com"


def test_a_hanging_answer_comes_in_the_end(start: Start, to_api: ToApi) -> None:
    """Unless the client stops waiting, and then nothing is done."""
    assert to_api(begin(start, Hang(seconds=0))).upsert(ANN).status_code == 200
    sandbox = begin(start, Hang(seconds=60))
    with pytest.raises(requests.ReadTimeout):
        requests.post(sandbox.url + PATH + "/batch/upsert", json={}, timeout=0.05)
    assert held(sandbox) == set()


def test_planned_rows_are_refused_beside_the_good_ones(
    start: Start, to_api: ToApi
) -> None:
    """207 with the planned reason and a number that need not be true."""
    fault = RowErrors(rows=(1, 9), category="CONTACT_LOCKED", num_errors=5)
    rows = [{"email": f"{x}@example.com"} for x in "abc"]
    sandbox = begin(start, fault)
    answer = to_api(sandbox).upsert(*rows, traced=True)
    assert answer.status_code == 207
    assert answer.json()["numErrors"] == 5
    errors = answer.json()["errors"]
    assert [(e["category"], e["context"]) for e in errors] == [
        ("CONTACT_LOCKED", {"objectWriteTraceId": ["1"]})
    ]
    assert held(sandbox) == {"a@example.com", "c@example.com"}


def test_planned_rows_can_be_hard_to_find(start: Start, to_api: ToApi) -> None:
    """An entry without the trace id says that one failed, not which."""
    rows = [{"email": f"{x}@example.com"} for x in "ab"]
    api = to_api(begin(start, RowErrors(rows=(0,), traced=False)))
    assert api.upsert(*rows, traced=True).json()["errors"][0]["context"] == {}


def test_planned_rows_refuse_a_batch_without_trace_ids(
    start: Start, to_api: ToApi
) -> None:
    """As any other bad row would."""
    sandbox = begin(start, RowErrors(rows=(0,)))
    rows = [{"email": f"{x}@example.com"} for x in "ab"]
    assert to_api(sandbox).upsert(*rows).status_code == 400
    assert held(sandbox) == set()


def test_a_fault_without_numbers_is_there_for_good(start: Start, to_api: ToApi) -> None:
    """A CRM that is down for the whole run; other parts are not."""
    down = Planned(part="hubspot", fault=Status(status=503))
    sandbox = start(faults=(down,))
    api = to_api(sandbox)
    assert [api.get(PATH).status_code for _ in range(3)] == [503] * 3
    assert api.get("/").status_code == 200


def test_a_fault_keeps_to_its_method(start: Start, to_api: ToApi) -> None:
    """The same path with another method is not counted."""
    planned = Planned(part="hubspot", method="POST", fault=Status(status=500))
    api = to_api(start(faults=(planned,)))
    assert api.get(PATH).status_code == 200
    assert api.post(PATH, {}).status_code == 500


def test_what_was_never_hit_is_reported(start: Start, to_api: ToApi) -> None:
    """With the numbers that are left."""
    fault = Status(status=500)
    planned = (
        Planned(part="hubspot", path=UPSERT, requests=(1, 3), fault=fault),
        Planned(part="hubilo", fault=fault),
    )
    sandbox = start(faults=planned)
    to_api(sandbox).upsert(ANN)
    assert sandbox.unhit == (
        Planned(part="hubspot", path=UPSERT, requests=(3,), fault=fault),
        planned[1],
    )


@given(
    numbers=st.sets(st.integers(1, 20), min_size=1),
    count=st.integers(0, 30),
)
def test_a_plan_hits_exactly_its_numbers(numbers: set[int], count: int) -> None:
    """No request more, none less, and the rest is reported."""
    ordered = tuple(sorted(numbers))
    planned = Planned(part="p", requests=ordered, fault=Status(status=500))
    plan = FaultPlan((planned,))
    hit = {n for n in range(1, count + 1) if plan.take("p", "GET", "/x")}
    assert hit == {n for n in numbers if n <= count}
    left = tuple(n for n in ordered if n > count)
    assert [one.requests for one in plan.unhit()] == ([left] if left else [])


YAML = """
- part: hubspot
  path: "*/batch/upsert"
  requests: [1, 2]
  fault: {kind: status, status: 429, headers: {Retry-After: "3"}}
- part: hubspot
  fault: {kind: lose_reply}
"""


def test_a_plan_is_read_from_a_file(tmp_path: Path) -> None:
    """YAML and JSON are the same plan."""
    expected = (
        Planned(
            part="hubspot",
            path="*/batch/upsert",
            requests=(1, 2),
            fault=Status(status=429, headers={"Retry-After": "3"}),
        ),
        Planned(part="hubspot", fault=LoseReply()),
    )
    file = tmp_path / "faults.yml"
    file.write_text(YAML, "utf-8")
    assert read_faults(file) == expected
    assert parse_faults(json.dumps(_to_json(YAML))) == expected


def _to_json(text: str) -> Any:
    import yaml  # noqa: PLC0415 - only here

    return yaml.safe_load(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("- {part: hubspot}", id="no fault"),
        pytest.param("- {part: x, fault: {kind: explode}}", id="unknown kind"),
        pytest.param("- {part: x, fault: {kind: reset, when: 1}}", id="unknown key"),
        pytest.param("- {part: x, fault: {kind: status, status: 99}}", id="status"),
        pytest.param("- {part: x, requests: [0], fault: {kind: reset}}", id="zero"),
        pytest.param("{", id="torn"),
        pytest.param("", id="empty"),
    ],
)
def test_a_plan_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    """The message names the file and the place."""
    file = tmp_path / "faults.yml"
    file.write_text(text, "utf-8")
    with pytest.raises(SandboxError, match=r"faults\.yml: not a fault plan"):
        read_faults(file)


def test_a_plan_that_is_missing_is_refused(tmp_path: Path) -> None:
    """The message names the file."""
    with pytest.raises(SandboxError, match=r"gone\.yml"):
        read_faults(tmp_path / "gone.yml")
