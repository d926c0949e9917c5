"""Score whole webinar events and explain every number."""
