"""Foreign Singer taps as sources: their streams become our four, by a mapping file."""
