"""Whole datasets of events, scored in files instead of in a stream."""
