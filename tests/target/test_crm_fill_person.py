"""`fill_person`: the CRM's own fields are filled while empty, never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_world import lead_score

from target_crm.mapping import load_properties

if TYPE_CHECKING:
    from crm_world import World


def test_by_default_other_peoples_fields_are_left_alone() -> None:
    """Only our own properties are in the set."""
    properties = load_properties(None, "full", "hubspot").properties

    assert [spec for spec in properties.values() if not spec.ours] == []


def test_filling_never_overwrites() -> None:
    """Names come in, and only while the CRM has none."""
    properties = load_properties(None, "minimal", "hubspot", fill_person=True)

    added = {name for name, s in properties.properties.items() if not s.ours}
    assert {"firstname", "lastname", "company"} <= added
    assert added == properties.fill_only


def test_a_plan_names_nobody(hubspot: World) -> None:
    """Neither the report nor the file of the whole plan; the run then fills it in."""
    row = lead_score(0, first_name="Ada", last_name="Lovelace", company="Acme")
    hubspot.config |= {"fill_person": True}

    plan = hubspot.run([row], dry_run=True)
    ran = hubspot.run([row])

    (changes,) = (entry["changes"] for entry in plan.report["plan"])
    files = [path.read_text() for path in hubspot.folder.glob("runs/*")]
    assert changes["firstname"] == {"from": "", "to": "(filled)"}
    assert changes["webinar_live_level"] == {"from": "", "to": "High"}
    assert len(files) == 3
    assert [
        name for name in ("Ada", "Lovelace", "Acme") if name in "".join(files)
    ] == []
    assert ran.outcomes == {"created": 1}
    assert hubspot.contact("p0@example.com")["firstname"] == "Ada"
