"""The mappings this project ships: the score, the CRM properties, the file layouts."""
