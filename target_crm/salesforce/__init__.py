"""Salesforce behind the border `target_crm.crm.Crm`."""
