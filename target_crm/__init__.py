"""Write scores into a CRM, idempotently and with every row accounted for."""
