"""Extract webinar events, sessions, attendees and activities."""
