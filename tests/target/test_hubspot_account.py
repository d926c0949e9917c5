"""HubSpot as its administrator meets it: versions, credentials, properties."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from crm_world import STATE, World, lead_score

from target_crm.mapping import load_properties

if TYPE_CHECKING:
    from target_crm.mapping import Property

STATIC: dict[str, Any] = {}
OAUTH: dict[str, Any] = {
    "access_token": None,
    "client_id": "sandbox-client",
    "client_secret": "sandbox-secret",
    "refresh_token": "sandbox-refresh",
}
SETS = {name: load_properties(None, name, "hubspot") for name in ("minimal", "full")}


@pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
@pytest.mark.parametrize("credential", [STATIC, OAUTH], ids=["token", "OAuth"])
def test_every_version_is_spoken_with_every_credential(
    hubspot: World, version: str, credential: dict[str, Any]
) -> None:
    """Contacts, properties, marketing events and the token, all in one version."""
    config = {**credential, "api_version": version}

    ran = hubspot.run([lead_score(n) for n in range(3)], **config)

    assert (ran.code, ran.states, ran.outcomes) == (0, [STATE], {"created": 3})
    assert [seen.path for seen in ran.requests if not _speaks(seen.path, version)] == []
    assert [len(c["attendance"]) for c in hubspot.crm["contacts"].values()] == [1] * 3


def _speaks(path: str, version: str) -> bool:
    """OAuth's own first version is what goes with version 3."""
    words = path.split("/")
    return version in words or (version == "v3" and words[1:3] == ["oauth", "v1"])


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("spec", SETS["full"].ours, ids=lambda spec: spec.name)
def test_a_property_is_labelled_and_described_for_a_rep(
    name: str, spec: Property
) -> None:
    """Words instead of names, a whole sentence, and the type that a form shows."""
    if spec.name not in SETS[name].properties:
        assert (name, spec.set) == ("minimal", "full")
        return
    assert spec.label.startswith(("Webinar ", "Last webinar"))
    assert "_" not in spec.label + spec.description
    assert spec.description.endswith(".")
    assert (spec.type, spec.field_type) in {
        ("number", "number"),
        ("enumeration", "select"),
        ("datetime", "date"),
        ("string", "text"),
        ("string", "textarea"),
    }


@pytest.mark.parametrize("name", SETS)
def test_the_properties_arrive_as_the_mapping_says(hubspot: World, name: str) -> None:
    """Group, label and both types, of each property of the set and of no other."""
    hubspot.run([lead_score()], property_set=name)

    held = {
        facts["name"]: (facts["label"], facts["type"], facts["fieldType"])
        for facts in hubspot.crm["properties"]
    }
    groups = {facts["groupName"] for facts in hubspot.crm["properties"]}
    assert groups == {"webinar_engagement"}
    assert held == {
        spec.name: (spec.label, spec.type, spec.field_type) for spec in SETS[name].ours
    }


@pytest.mark.parametrize(
    ("levels", "pair"),
    [
        (["Low"], (None, "2026-11-01")),
        (["Low", "Low"], (None, "2026-11-01")),
        (["Low", "High"], ("Low", "2026-11-02")),
        (["Low", "High", "High"], ("Low", "2026-11-02")),
        (["Low", "High", "Medium"], ("High", "2026-11-03")),
        (["High", None], ("High", None)),
        (["High", None, "High"], (None, "2026-11-03")),
    ],
    ids=lambda value: " > ".join(map(str, value)) if isinstance(value, list) else "",
)
def test_a_workflow_can_react_to_entering_or_leaving_a_level(
    hubspot: World, levels: list[str | None], pair: tuple[str | None, str | None]
) -> None:
    """The pair of the level before and since when, one webinar after the other."""
    for day, level in enumerate(levels, 1):
        row = lead_score(
            event_id=f"hubilo:{day}",
            event_starts_at=f"2026-11-0{day}T10:00:00Z",
            live_level=level,
        )
        ran = hubspot.run([row], property_set="full", timeline="none")
        assert ran.code == 0

    contact = hubspot.contact("p0@example.com")
    since = contact.get("webinar_live_level_since")
    assert contact.get("webinar_live_level_previous") == pair[0]
    assert (since[:10] if since else None) == pair[1]
    assert contact.get("webinar_live_level") == levels[-1]
