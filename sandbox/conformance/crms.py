"""What the kit must know of a CRM: what writes, who is in it, how it refuses."""

from __future__ import annotations

import http.client
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import msgspec

from sandbox.faults import Status
from sandbox.hubspot.definitions import CONTACT
from sandbox.hubspot.dump import to_dump as to_hubspot_dump
from sandbox.hubspot.records import load_all
from sandbox.salesforce.dump import to_dump as to_salesforce_dump

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

    from sandbox.middleware import SeenRequest

CLIENT_ID = "conformance-client"
RETRY_AFTER_S = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Crm:
    """One CRM as the kit sees it.

    Attributes:
        name: Also of its part in the sandbox.
        reads: Requests, as `METHOD path`, that are no GET and still write nothing.
        people: Those, among the others, that write people.
        count_people: Returns how many records each e-mail address has.
        dump: Returns all it holds, without ids and times.
        refusal: A token that is not accepted (any more).
        daily_limit: No more requests today.
        burst_limit: Too fast; None where the CRM never says so.
        config: Settings of this project's own target.
        absent: Checks of what this CRM never does.
    """

    name: str
    reads: re.Pattern[str]
    people: re.Pattern[str]
    count_people: Callable[[sqlite3.Connection], Counter[str]]
    dump: Callable[[sqlite3.Connection], str]
    refusal: Status
    daily_limit: Status
    burst_limit: Status | None
    config: Mapping[str, str]
    absent: frozenset[str] = frozenset()

    def is_write(self, seen: SeenRequest) -> bool:
        """Tell whether a request could have changed the CRM."""
        what = f"{seen.method} {seen.path}"
        reads = self.reads.search(what) and not self.carries_rows(seen)
        return seen.part == self.name and seen.method != "GET" and not reads

    def carries_rows(self, seen: SeenRequest) -> bool:
        """Tell whether a request of several had records in its collections."""
        return seen.path.endswith("/composite") and seen.inputs > 0

    def writes_people(self, seen: SeenRequest) -> bool:
        """Tell whether a request wrote people."""
        what = f"{seen.method} {seen.path}"
        return self.is_write(seen) and bool(self.people.search(what))


def _count_contacts(db: sqlite3.Connection) -> Counter[str]:
    found = (one.properties.get("email", "") for one in load_all(db, CONTACT))
    return Counter(email for email in found if email)


def _count_contacts_and_leads(db: sqlite3.Connection) -> Counter[str]:
    rows = db.execute("SELECT body FROM sf_record WHERE object IN ('Contact', 'Lead')")
    found = (msgspec.json.decode(text).get("Email") for (text,) in rows)
    return Counter(email for email in found if email)


def _limit(policy: str) -> str:
    return (
        '{"status":"error","message":"You have reached your limit.",'
        f'"errorType":"RATE_LIMIT","policyName":"{policy}"}}'
    )


HUBSPOT = Crm(
    name="hubspot",
    reads=re.compile(r"/(read|search|token)$"),
    people=re.compile(r"/objects/(\d{4}-\d\d/)?(contacts?|0-1)\b"),
    count_people=_count_contacts,
    dump=to_hubspot_dump,
    refusal=Status(
        status=401,
        body='{"status":"error","message":"Authentication credentials not found.",'
        '"category":"INVALID_AUTHENTICATION"}',
    ),
    daily_limit=Status(status=429, body=_limit("DAILY")),
    burst_limit=Status(
        status=429,
        body=_limit("TEN_SECONDLY_ROLLING"),
        headers={"Retry-After": str(RETRY_AFTER_S)},
    ),
    config={
        "api_url": "{url}",
        "access_token": "{token}",
        "state_dir": "{folder}/state",
    },
)
SALESFORCE = Crm(
    name="salesforce",
    # A composite that carries rows writes them; what else it does is not seen.
    reads=re.compile(r"POST .*/(token|composite|composite/sobjects/\w+)/?$"),
    people=re.compile(
        r"/composite(/sobjects|$)|/sobjects/(Contact|Lead)\b|/jobs/ingest"
    ),
    count_people=_count_contacts_and_leads,
    dump=to_salesforce_dump,
    refusal=Status(
        status=401,
        body='[{"message":"Session expired or invalid",'
        '"errorCode":"INVALID_SESSION_ID"}]',
    ),
    daily_limit=Status(
        status=403,
        body='[{"message":"TotalRequests Limit exceeded.",'
        '"errorCode":"REQUEST_LIMIT_EXCEEDED"}]',
    ),
    burst_limit=None,
    config={
        "api_url": "{url}",
        "client_id": "{client_id}",
        "client_secret": "{client_secret}",
        "domain": "sandbox.my",
        "state_dir": "{folder}/state",
    },
    absent=frozenset({"waits_when_told_429"}),
)
CRMS = {crm.name: crm for crm in (HUBSPOT, SALESFORCE)}


def open_session(url: str, client_secret: str) -> str:
    """Return a session token of the Salesforce organisation, as a client gets it."""
    form = urlencode(
        {
            "grant_type": "client_credentials",
            "client_id": CLIENT_ID,
            "client_secret": client_secret,
        }
    )
    line = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        line.request("POST", "/services/oauth2/token", form)
        answer = msgspec.json.decode(line.getresponse().read())
    finally:
        line.close()
    return str(answer["access_token"])
