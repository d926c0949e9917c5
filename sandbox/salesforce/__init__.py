"""A look-alike of a Salesforce organisation, as far as scores and attendance go.

Served: OAuth tokens (client credentials, JWT bearer), versions, limits, describe,
single records, sObject Collections, composite, SOQL queries and Bulk API 2.0 ingest.
Facts and their sources stand at the code; the whole was read 2026-11.
"""

from __future__ import annotations

from sandbox.salesforce.endpoints import routes
from sandbox.salesforce.settings import SalesforceSettings
from sandbox.salesforce.tables import TABLES

__all__ = ["TABLES", "SalesforceSettings", "routes"]
