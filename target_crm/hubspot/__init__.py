"""HubSpot as a CRM that scores are written to."""
