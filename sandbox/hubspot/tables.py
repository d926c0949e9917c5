"""The HubSpot account's tables."""

from __future__ import annotations

TABLES = """
CREATE TABLE IF NOT EXISTS hs_counter (
    name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hs_object (
    id INTEGER PRIMARY KEY, type TEXT NOT NULL, properties TEXT NOT NULL,
    created REAL NOT NULL, updated REAL NOT NULL, archived REAL);
CREATE INDEX IF NOT EXISTS hs_object_type ON hs_object (type, archived, id);
CREATE TABLE IF NOT EXISTS hs_unique (
    type TEXT NOT NULL, property TEXT NOT NULL, value TEXT NOT NULL,
    id INTEGER NOT NULL, PRIMARY KEY (type, property, value)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS hs_unique_id ON hs_unique (id);
CREATE TABLE IF NOT EXISTS hs_change (
    id INTEGER NOT NULL, at REAL NOT NULL, properties TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS hs_change_id ON hs_change (id);
CREATE TABLE IF NOT EXISTS hs_merged (
    id INTEGER PRIMARY KEY, into_id INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS hs_blocked (
    email TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hs_association (
    from_id INTEGER NOT NULL, to_id INTEGER NOT NULL, type_id INTEGER NOT NULL,
    PRIMARY KEY (from_id, to_id, type_id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS hs_association_to ON hs_association (to_id);
CREATE TABLE IF NOT EXISTS hs_group (
    type TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (type, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hs_property (
    position INTEGER PRIMARY KEY, type TEXT NOT NULL, name TEXT NOT NULL,
    body TEXT NOT NULL, UNIQUE (type, name));
CREATE TABLE IF NOT EXISTS hs_marketing_event (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL, external_id TEXT NOT NULL,
    body TEXT NOT NULL, created REAL NOT NULL, updated REAL NOT NULL,
    UNIQUE (account, external_id));
CREATE TABLE IF NOT EXISTS hs_participation (
    position INTEGER PRIMARY KEY, event_id INTEGER NOT NULL,
    contact_id INTEGER NOT NULL, state TEXT NOT NULL, at REAL NOT NULL,
    properties TEXT NOT NULL, UNIQUE (event_id, contact_id));
CREATE INDEX IF NOT EXISTS hs_participation_contact
    ON hs_participation (contact_id);
CREATE TABLE IF NOT EXISTS hs_participation_history (
    event_id INTEGER NOT NULL, contact_id INTEGER NOT NULL, state TEXT NOT NULL,
    at REAL NOT NULL, properties TEXT NOT NULL,
    UNIQUE (contact_id, event_id, state, at, properties));
CREATE TABLE IF NOT EXISTS hs_event_definition (
    name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hs_event_occurrence (
    position INTEGER PRIMARY KEY, name TEXT NOT NULL, uuid TEXT NOT NULL,
    contact_id INTEGER NOT NULL, at REAL NOT NULL, properties TEXT NOT NULL,
    UNIQUE (name, uuid));
CREATE TABLE IF NOT EXISTS hs_app_event (
    kind TEXT NOT NULL, id TEXT NOT NULL, contact_id INTEGER NOT NULL,
    at REAL NOT NULL, tokens TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hs_token (
    token TEXT PRIMARY KEY, expires REAL NOT NULL) WITHOUT ROWID;
"""
