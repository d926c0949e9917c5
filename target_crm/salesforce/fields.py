"""What the organisation's objects look like, compared with what a run needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sync_core.errors import SettingError
from target_crm.salesforce.composite import get_all
from target_crm.salesforce.matching import CONTACT, LEAD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from target_crm.mapping import Property, PropertySet
    from target_crm.salesforce.api import Api

CAMPAIGN, MEMBER, TASK = "Campaign", "CampaignMember", "Task"
STATUS = "CampaignMemberStatus"
EVENT_KEY = "Webinar_Event_Key__c"
ACTIVITY_KEY = "Webinar_Activity_Key__c"
# Describe's types that take what a mapping's type holds (object reference).
TYPES: Mapping[str, frozenset[str]] = {
    "number": frozenset({"double", "int", "currency", "percent", "long"}),
    "enumeration": frozenset({"picklist", "string"}),
    "datetime": frozenset({"datetime"}),
    "date": frozenset({"date"}),
    "bool": frozenset({"boolean"}),
    "string": frozenset(
        {"string", "textarea", "phone", "url", "email", "picklist", "combobox"}
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a run will do.

    Attributes:
        leads: Whether leads are created.
        campaigns: Whether attendance is written.
        tasks: Whether breakdowns are written.
    """

    leads: bool = True
    campaigns: bool = True
    tasks: bool = True

    @property
    def objects(self) -> tuple[str, ...]:
        """The objects to describe; at most five, one composite request."""
        more = ((CAMPAIGN, MEMBER) if self.campaigns else ()) + (
            (TASK,) if self.tasks else ()
        )
        return (CONTACT, LEAD, *more)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that is missing before a run can write.

    Attributes:
        place: Object, or object and field.
        what: What is wrong with it.
        help: What an administrator does about it.
    """

    place: str
    what: str
    help: str

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{self.place}: {self.what}. {self.help}"


@dataclass(frozen=True, slots=True)
class Describe:
    """What an organisation says of one of its objects."""

    name: str
    body: Mapping[str, Any]

    @property
    def fields(self) -> dict[str, Mapping[str, Any]]:
        """Its fields by name, as far as this user sees them."""
        return {str(f.get("name")): f for f in self.body.get("fields") or []}

    def may(self, right: str) -> bool:
        """Tell whether this user has a right: createable or updateable."""
        return bool(self.body.get(right))


def read_describes(api: Api, objects: Sequence[str]) -> dict[str, Describe]:
    """Return what the organisation says of these objects, in one request.

    An object that is not there, or hidden from this user, has no fields and no rights.
    """
    paths = [f"/sobjects/{name}/describe" for name in objects]
    bodies = get_all(api, paths, may_miss=True)
    return {
        name: Describe(name, body if isinstance(body, dict) else {})
        for name, body in zip(objects, bodies, strict=True)
    }


def find_problems(
    describes: Mapping[str, Describe], properties: PropertySet, needs: Needs
) -> list[Problem]:
    """Return everything that keeps a run with these needs from writing."""
    found = [
        problem
        for kind in (CONTACT, LEAD)
        for problem in _person_problems(describes[kind], properties, needs)
    ]
    if needs.campaigns:
        found += _campaign_problems(describes)
    if needs.tasks:
        found += _right_problems(describes[TASK], ("createable", "updateable"))
        found += _key_problems(describes[TASK], ACTIVITY_KEY)
    return found


def _person_problems(
    describe: Describe, properties: PropertySet, needs: Needs
) -> Iterator[Problem]:
    creates = describe.name == LEAD and needs.leads
    yield from _right_problems(
        describe, ("createable", "updateable") if creates else ("updateable",)
    )
    for spec in properties.properties.values():
        field = describe.fields.get(spec.name)
        yield from _field_problems(f"{describe.name}.{spec.name}", spec, field)


def _right_problems(describe: Describe, rights: Sequence[str]) -> Iterator[Problem]:
    words = {"createable": "create", "updateable": "edit"}
    for right in rights:
        if not describe.may(right):
            yield Problem(
                place=describe.name,
                what=f"the integration user may not {words[right]} it",
                help="Give the user the permission set of `leadscore crm setup`"
                + (
                    ", and the right Marketing User."
                    if describe.name in {CAMPAIGN, MEMBER}
                    else "."
                ),
            )


def _field_problems(
    place: str, spec: Property, field: Mapping[str, Any] | None
) -> Iterator[Problem]:
    if field is None:
        yield _missing(place)
        return
    if field.get("type") not in TYPES[spec.type]:
        yield Problem(
            place=place,
            what=f"has the type {field.get('type')}, the mapping says {spec.type}",
            help="Use another field in the mapping.",
        )
    if not field.get("updateable"):
        yield _not_writable(place)
    yield from _option_problems(place, spec, field)


def _option_problems(
    place: str, spec: Property, field: Mapping[str, Any]
) -> Iterator[Problem]:
    if not field.get("restrictedPicklist"):
        return
    known = {o.get("value") for o in field.get("picklistValues") or []}
    lacking = [value for value in spec.option_values if value not in known]
    if lacking:
        yield Problem(
            place=place,
            what=f"lacks the values {', '.join(lacking)}",
            help="Add them to the picklist.",
        )


def _campaign_problems(describes: Mapping[str, Describe]) -> Iterator[Problem]:
    yield from _right_problems(describes[CAMPAIGN], ("createable",))
    yield from _right_problems(describes[MEMBER], ("createable", "updateable"))
    yield from _key_problems(describes[CAMPAIGN], EVENT_KEY)


def _key_problems(describe: Describe, name: str) -> Iterator[Problem]:
    place = f"{describe.name}.{name}"
    field = describe.fields.get(name)
    if field is None:
        yield _missing(place)
    elif not field.get("externalId"):
        yield Problem(
            place=place,
            what="is no external id",
            help="Switch on External ID and Unique for it.",
        )
    elif not field.get("createable"):
        yield _not_writable(place)


def _missing(place: str) -> Problem:
    return Problem(
        place=place,
        what="is missing, or hidden from the integration user",
        help="Deploy the folder of `leadscore crm setup --write-metadata` and assign "
        "its permission set to the user.",
    )


def _not_writable(place: str) -> Problem:
    return Problem(
        place=place,
        what="is read-only for the integration user",
        help="Assign the permission set of `leadscore crm setup` to the user.",
    )


def check(problems: Sequence[Problem]) -> None:
    """Stop a run that could not write.

    Raises:
        SettingError: Names every field and right that is missing.
    """
    if not problems:
        return
    listed = "; ".join(f"{problem.place} {problem.what}" for problem in problems[:10])
    more = f"; and {len(problems) - 10} more" if len(problems) > 10 else ""  # noqa: PLR2004
    raise SettingError(
        f"Salesforce is not ready: {listed}{more}. Run `leadscore crm setup "
        "--write-metadata DIR`, deploy that folder and assign its permission set to "
        "the integration user; or change `mapping` and `timeline`.",
        setting="mapping",
    )
