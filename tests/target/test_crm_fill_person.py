"""`fill_person`: the CRM's own fields are filled while empty, never changed."""

from __future__ import annotations

from target_crm.mapping import load_properties


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
