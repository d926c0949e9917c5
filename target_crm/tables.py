"""The ledger's tables."""

from __future__ import annotations

import sqlalchemy as sa

METADATA = sa.MetaData()
VERSION = "1"  # of their form

NOTES = sa.Table(
    "notes",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

CONTACTS = sa.Table(
    "contacts",
    METADATA,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("email_key", sa.Text, primary_key=True),
    sa.Column("contact_id", sa.Text, nullable=False),
    sa.Column("starts_at", sa.Text, nullable=False),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("properties", sa.Text, nullable=False),
    sa.Index("contacts_by_id", "account", "contact_id"),
)

ENTRIES = sa.Table(
    "timeline_entries",
    METADATA,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("event_id", sa.Text, primary_key=True),
    sa.Column("email_key", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
)

BREAKDOWNS = sa.Table(
    "breakdowns",
    METADATA,
    sa.Column("event_id", sa.Text, primary_key=True),
    sa.Column("attendee_id", sa.Text, primary_key=True),
    sa.Column("part", sa.Text, primary_key=True),
    sa.Column("email_key", sa.Text, nullable=False),
    sa.Column("record", sa.Text, nullable=False),
)

# One fact a line, as in the file `rejected.jsonl`; the last one about a row counts.
REJECTED = sa.Table(
    "rejected",
    METADATA,
    sa.Column(
        "number",
        sa.BigInteger().with_variant(sa.Integer, "sqlite"),
        sa.Identity(),
        primary_key=True,
    ),
    sa.Column("account", sa.Text, nullable=False, index=True),
    sa.Column("fact", sa.Text, nullable=False),
)
