"""The look-alike's tables."""

from __future__ import annotations

TABLES = """
CREATE TABLE IF NOT EXISTS sf_record (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    object TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS sf_record_email ON sf_record
    (object, json_extract(body, '$.Email') COLLATE NOCASE);
CREATE INDEX IF NOT EXISTS sf_record_contact ON sf_record
    (object, json_extract(body, '$.CampaignId'), json_extract(body, '$.ContactId'));
CREATE INDEX IF NOT EXISTS sf_record_lead ON sf_record
    (object, json_extract(body, '$.CampaignId'), json_extract(body, '$.LeadId'));
CREATE INDEX IF NOT EXISTS sf_record_event ON sf_record
    (object, json_extract(body, '$.Webinar_Event_Key__c') COLLATE NOCASE);
CREATE INDEX IF NOT EXISTS sf_record_activity ON sf_record
    (object, json_extract(body, '$.Webinar_Activity_Key__c') COLLATE NOCASE);
CREATE TABLE IF NOT EXISTS sf_token (token TEXT PRIMARY KEY, until REAL NOT NULL);
CREATE TABLE IF NOT EXISTS sf_request (at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS sf_request_at ON sf_request (at);
CREATE TABLE IF NOT EXISTS sf_cursor (
    id TEXT PRIMARY KEY, object TEXT NOT NULL, fields TEXT NOT NULL, ids TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS sf_job (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL,
    data BLOB,
    refused TEXT NOT NULL DEFAULT '[]',
    due REAL,
    results TEXT
);
"""
