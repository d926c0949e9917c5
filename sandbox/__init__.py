"""Local look-alikes of webinar platforms and CRMs."""
