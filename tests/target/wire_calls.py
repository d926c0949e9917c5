"""Every call of the two targets, as something to record and to play."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from crm_world import Time
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from wire_tapes import Call

from sandbox.faults import Planned, Status
from sandbox.hubspot.app_events import EVENT_TYPE, TEMPLATE_ID
from sandbox.settings import ALL_SCOPES
from target_crm.crm import Attendance, Contact, Event
from target_crm.hubspot.account import HubSpot, HubSpotSettings, OAuth
from target_crm.mapping import Group, Option, Property, PropertySet
from target_crm.patience import Clockwork
from target_crm.salesforce.account import Salesforce, SalesforceSettings
from target_crm.salesforce.connection import ClientCredentials, JwtBearer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_crm.outcomes import Outcome

TOKEN = "sandbox-token"
SECRET = "sandbox-secret"
REFRESH = "sandbox-refresh"
LEVELS = tuple(Option(value=value) for value in ("High", "Medium", "Low"))
EVENT = Event(
    event_id="hubilo:1",
    name="How to score",
    starts_at="2026-11-01T10:00:00.000Z",
    ends_at="2026-11-01T11:00:00.000Z",
    url="https://events.example.com/1",
)


def property_set(*specs: Property) -> PropertySet:
    """Return properties under their names."""
    group = Group(name="webinar_engagement", label="Webinar engagement")
    return PropertySet(group, {spec.name: spec for spec in specs})


def kinds(outcomes: Sequence[Outcome]) -> list[str]:
    """Return how rows ended, with the reason of those that were refused."""
    return [f"{outcome.kind} {outcome.code}".strip() for outcome in outcomes]


def entries(*emails_and_ids: tuple[str, str]) -> list[Attendance]:
    """Return the attendances of people in the event."""
    return [
        Attendance(
            row_key=(EVENT.event_id, f"a{place}"),
            email_key=email,
            contact_id=contact_id,
            event=EVENT,
            joined_at="2026-11-01T10:00:00.000Z",
            left_at="2026-11-01T10:59:00.000Z",
            note="watched 59 min",
        )
        for place, (email, contact_id) in enumerate(emails_and_ids)
    ]


# HubSpot

HUBSPOT_PROPERTIES = property_set(
    Property(
        name="webinar_score",
        source="live_lead_score",
        type="number",
        field_type="number",
        label="Score",
    ),
    Property(
        name="webinar_level",
        source="live_level",
        type="enumeration",
        field_type="select",
        options=LEVELS,
        label="Level",
    ),
    Property(name="webinar_last", source="event_name", label="Last webinar"),
    Property(
        name="webinar_at",
        source="event_starts_at",
        type="datetime",
        field_type="date",
        label="Last webinar at",
    ),
)
VALUES = {
    "webinar_score": "97.5",
    "webinar_level": "High",
    "webinar_last": "How to score",
    "webinar_at": "2026-11-01T10:00:00.000Z",
}
PEOPLE = ("ann@example.com", "bob@example.com", "cy@example.com")


def hubspot(url: str, **changed: Any) -> HubSpot:
    """Return the account at an address."""
    time = Time()
    settings = HubSpotSettings(credential=TOKEN, api_url=url, workers=1)
    return HubSpot(
        replace(settings, **changed),
        clockwork=Clockwork(clock=time, sleep=time.sleep),
    )


def contacts(*emails: str, **changed: str) -> list[Contact]:
    """Return contacts that should hold the values."""
    return [
        Contact(email_key=email, properties={**VALUES, **changed}) for email in emails
    ]


def upsert(*emails: str, **changed: str) -> Callable[[Any], list[str]]:
    """Return a call that writes contacts."""
    return lambda crm: kinds(crm.upsert(contacts(*emails, **changed)))


def read(crm: HubSpot) -> dict[str, str]:
    """Return the scores of people, of whom one is not there."""
    found = crm.read([*PEOPLE[:2], "nobody@example.com"], HUBSPOT_PROPERTIES)
    return {email: held.properties["webinar_score"] for email, held in found.items()}


def prepare(crm: HubSpot) -> bool:
    """Create the properties."""
    return crm.prepare(HUBSPOT_PROPERTIES)


def prepare_and_write(crm: HubSpot) -> None:
    """Have contacts and the event in the account."""
    prepare(crm)
    upsert(*PEOPLE)(crm)
    assert crm.timeline
    crm.timeline.tell_event(EVENT)


def tell_event(crm: Any) -> None:
    """Tell of the event."""
    crm.timeline.tell_event(EVENT)


def attend(crm: Any) -> list[str]:
    """Tell of two attendances."""
    return kinds(crm.timeline.tell(entries(*((email, "") for email in PEOPLE[:2]))))


def tell_and_attend(crm: Any) -> list[str]:
    """Tell of the event, then of two attendances."""
    tell_event(crm)
    return attend(crm)


def tell_people(crm: Any) -> list[str]:
    """Tell of two people by their ids."""
    found = crm.read(PEOPLE[:2], HUBSPOT_PROPERTIES)
    ids = [(email, found[email].contact_id) for email in PEOPLE[:2]]
    return kinds(crm.timeline.tell(entries(*ids)))


def tell_twice(crm: Any) -> list[str]:
    """Tell of two people in an event, then again, as after a lost ledger."""
    crm.timeline.tell_event(EVENT)
    return [*tell_people(crm), *tell_people(crm)]


def update(*gone: str) -> Callable[[Any], list[str]]:
    """Return a call that changes one value of known people, some of whom are gone."""

    def ask(crm: HubSpot) -> list[str]:
        found = crm.read(PEOPLE[:2], HUBSPOT_PROPERTIES)
        ids = [*(found[email].contact_id for email in PEOPLE[:2]), *gone]
        values = {**VALUES, "webinar_score": "12.5"}
        known = [
            Contact(
                email_key=email,
                properties=values,
                contact_id=contact_id,
                changed=frozenset({"webinar_score"}),
            )
            for email, contact_id in zip(PEOPLE, ids, strict=False)
        ]
        return kinds(crm.upsert(known))

    return ask


def read_known(crm: HubSpot) -> dict[str, str]:
    """Return the scores of people by their ids, of whom one is gone."""
    found = crm.read(PEOPLE[:2], HUBSPOT_PROPERTIES)
    ids = {email: held.contact_id for email, held in found.items()}
    known = crm.read(PEOPLE, HUBSPOT_PROPERTIES, ids | {PEOPLE[2]: "999"})
    return {email: held.properties["webinar_score"] for email, held in known.items()}


def tell_and_attend_known(crm: Any) -> list[str]:
    """Tell of the event, then of two contacts' attendances."""
    tell_event(crm)
    return tell_people(crm)


def change_levels(crm: Any) -> list[str]:
    """Tell two people's change of level."""
    found = crm.read(PEOPLE[:2], HUBSPOT_PROPERTIES)
    ids = [(email, found[email].contact_id) for email in PEOPLE[:2]]
    return kinds(crm.level_changes.tell(entries(*ids)))


def check(crm: Any) -> None:
    """Check the credential."""
    crm.check()


def _hubspot(name: str, ask: Callable[[Any], Any], **more: Any) -> Call:
    facts: dict[str, Any] = {"connect": hubspot, "expected": None, **more}
    settings = {"clock": Time(), **facts.pop("settings", {})}
    return Call(name=f"hubspot/{name}", ask=ask, settings=settings, **facts)


def _refused_once() -> Planned:
    return Planned(
        part="hubspot",
        path="*/batch/upsert",
        fault=Status(
            status=400,
            body='{"status":"error","message":"refused","category":"VALIDATION_ERROR"}',
        ),
        requests=(2,),
    )


OAUTH = OAuth(client_id="sandbox-client", client_secret=SECRET, refresh_token=REFRESH)
DATED = partial(hubspot, api_version="2026-03")
VERSIONS: tuple[tuple[str, dict[str, str]], ...] = (
    ("", {}),
    ("dated_", {"api_version": "2026-03"}),
)
APP = {
    "before": lambda crm: (prepare(crm), upsert(*PEOPLE)(crm)),
    "expected": ["created", "created"],
    "settings": {"scopes": ALL_SCOPES | {"timeline"}},
}
WRITTEN = {"before": lambda crm: (prepare(crm), upsert(*PEOPLE)(crm))}
CUSTOM = {**WRITTEN, "settings": {"tier": "enterprise"}}
HUBSPOT_CALLS = (
    _hubspot("check_account", check),
    _hubspot("dated_create_properties", prepare, connect=DATED, expected=True),
    *(
        _hubspot(
            f"{prefix}tell_custom_events",
            tell_twice,
            connect=partial(hubspot, timeline="custom_event", **version),
            expected=["created"] * 4,
            **CUSTOM,
        )
        for prefix, version in VERSIONS
    ),
    *(
        _hubspot(
            f"{prefix}tell_notes",
            tell_twice,
            connect=partial(hubspot, timeline="note", **version),
            expected=["created"] * 2 + ["updated"] * 2,
            **WRITTEN,
        )
        for prefix, version in VERSIONS
    ),
    _hubspot(
        "tell_level_changes",
        change_levels,
        connect=partial(hubspot, timeline="none", level_changes="note"),
        expected=["created", "created"],
        **WRITTEN,
    ),
    _hubspot("create_properties", prepare, expected=True),
    _hubspot(
        "upsert_contacts", upsert(*PEOPLE), before=prepare, expected=["created"] * 3
    ),
    _hubspot(
        "upsert_contacts_207",
        upsert("ann@example.com", "bob@nowhere", "cy@example.com"),
        before=prepare,
        expected=["created", "rejected INVALID_EMAIL", "created"],
    ),
    _hubspot(
        "upsert_contacts_400",
        upsert(*PEOPLE[:2]),
        before=lambda crm: (prepare(crm), upsert("first@example.com")(crm)),
        expected=["created", "created"],
        settings={"faults": (_refused_once(),)},
    ),
    _hubspot(
        "read_contacts",
        read,
        before=prepare_and_write,
        expected=dict.fromkeys(PEOPLE[:2], "97.5"),
    ),
    *(
        _hubspot(
            f"{prefix}update_contacts",
            update(),
            connect=partial(hubspot, **version),
            expected=["updated", "updated"],
            **WRITTEN,
        )
        for prefix, version in VERSIONS
    ),
    _hubspot(
        "update_contacts_207",
        update("999"),
        expected=["updated", "updated", "rejected OBJECT_NOT_FOUND"],
        **WRITTEN,
    ),
    _hubspot(
        "read_known_contacts",
        read_known,
        before=lambda crm: (prepare(crm), upsert(*PEOPLE)(crm)),
        expected=dict.fromkeys(PEOPLE, "97.5"),
    ),
    *(
        _hubspot(
            f"{prefix}attend_marketing_event_by_id",
            tell_and_attend_known,
            connect=partial(hubspot, **version),
            before=prepare_and_write,
            expected=["created", "created"],
        )
        for prefix, version in VERSIONS
    ),
    _hubspot("upsert_marketing_event", tell_event),
    _hubspot(
        "attend_marketing_event",
        attend,
        before=prepare_and_write,
        expected=["created", "created"],
    ),
    _hubspot(
        "tell_app_events",
        tell_people,
        connect=partial(
            hubspot, timeline="app_event", app_event_template_id=TEMPLATE_ID
        ),
        **APP,
    ),
    _hubspot(
        "dated_tell_app_events",
        tell_people,
        connect=partial(
            hubspot,
            api_version="2026-03",
            timeline="app_event",
            app_event_template_id=EVENT_TYPE,
        ),
        **APP,
    ),
    _hubspot("refresh_token", check, connect=partial(hubspot, credential=OAUTH)),
    _hubspot(
        "dated_upsert_contacts",
        upsert(*PEOPLE[:2]),
        connect=DATED,
        before=prepare,
        expected=["created", "created"],
    ),
    _hubspot(
        "dated_attend_marketing_event",
        tell_and_attend,
        connect=DATED,
        before=prepare_and_write,
        expected=["created", "created"],
    ),
    _hubspot(
        "dated_refresh_token",
        check,
        connect=partial(hubspot, credential=OAUTH, api_version="2026-03"),
    ),
)

# Salesforce

SALESFORCE_PROPERTIES = property_set(
    Property(
        name="Webinar_Live_Score__c",
        source="live_lead_score",
        type="number",
        field_type="Number",
    ),
    Property(
        name="Webinar_Live_Level__c",
        source="live_level",
        type="enumeration",
        field_type="Picklist",
        options=LEVELS,
    ),
)


def salesforce(url: str, **changed: Any) -> Salesforce:
    """Return the organisation at an address."""
    time = Time()
    settings = SalesforceSettings(
        credential=ClientCredentials(
            client_id="sandbox-client", client_secret=SECRET, domain="acme.my"
        ),
        properties=SALESFORCE_PROPERTIES,
        api_url=url,
        workers=1,
    )
    return Salesforce(
        replace(settings, **changed),
        clockwork=Clockwork(clock=time, sleep=time.sleep),
    )


def write_people(
    *emails: str, score: str = "97.5"
) -> Callable[[Salesforce], list[str]]:
    """Return a call that finds people and writes them."""

    def ask(crm: Salesforce) -> list[str]:
        found = crm.read(emails, SALESFORCE_PROPERTIES)
        people = [
            Contact(
                email_key=email,
                contact_id=found[email].contact_id if email in found else "",
                properties={
                    "Webinar_Live_Score__c": score,
                    "Webinar_Live_Level__c": "High",
                },
                person={"last_name": "Person", "company": "Example"},
            )
            for email in emails
        ]
        return kinds(crm.upsert(people))

    return ask


def take_part(crm: Salesforce) -> list[str]:
    """Find two people and tell of their part in the event."""
    assert crm.timeline
    found = crm.read(PEOPLE[:2], SALESFORCE_PROPERTIES)
    crm.timeline.tell_event(EVENT)
    pairs = [(email, found[email].contact_id) for email in PEOPLE[:2]]
    return kinds(crm.timeline.tell(entries(*pairs)))


def _salesforce(name: str, ask: Callable[[Any], Any], **more: Any) -> Call:
    facts: dict[str, Any] = {"connect": salesforce, "expected": None, **more}
    settings = {"clock": Time(), **facts.pop("settings", {})}
    return Call(name=f"salesforce/{name}", ask=ask, settings=settings, **facts)


@cache
def made_up_key() -> str:
    """Return a private key that opens nothing."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def by_jwt(url: str) -> Salesforce:
    """Return the organisation, opened by a signed assertion."""
    credential = JwtBearer(
        client_id="sandbox-client",
        username="integration@sandbox.example",
        private_key=made_up_key(),
        domain="login",
    )
    return salesforce(url, credential=credential)


IN_JOBS = partial(salesforce, bulk_threshold=2)
SALESFORCE_CALLS = (
    _salesforce("check_account", check),
    _salesforce("check_account_by_jwt", check, connect=by_jwt),
    _salesforce(
        "check_fields",
        lambda crm: crm.prepare(SALESFORCE_PROPERTIES),
        expected=False,
    ),
    _salesforce("create_leads", write_people(*PEOPLE), expected=["created"] * 3),
    _salesforce(
        "update_leads",
        write_people(*PEOPLE, score="12.5"),
        before=write_people(*PEOPLE),
        expected=["updated"] * 3,
    ),
    _salesforce(
        "change_and_create_in_one_request",
        write_people(*PEOPLE, score="12.5"),
        before=write_people(PEOPLE[0]),
        expected=["updated", "created", "created"],
    ),
    _salesforce(
        "refuse_a_lead",
        write_people("ann@example.com", "bob@nowhere"),
        expected=["created", "rejected INVALID_EMAIL_ADDRESS"],
    ),
    _salesforce(
        "tell_a_campaign_and_tasks",
        take_part,
        before=write_people(*PEOPLE),
        expected=["created", "created"],
    ),
    _salesforce(
        "create_leads_in_a_job",
        write_people(*PEOPLE),
        connect=IN_JOBS,
        expected=["created"] * 3,
    ),
    _salesforce(
        "refuse_a_lead_in_a_job",
        write_people("ann@example.com", "bob@nowhere"),
        connect=IN_JOBS,
        expected=["created", "rejected INVALID_EMAIL_ADDRESS"],
    ),
    _salesforce(
        "update_leads_in_a_job",
        write_people(*PEOPLE, score="12.5"),
        connect=IN_JOBS,
        before=write_people(*PEOPLE),
        expected=["updated"] * 3,
    ),
)
CALLS = (*HUBSPOT_CALLS, *SALESFORCE_CALLS)
