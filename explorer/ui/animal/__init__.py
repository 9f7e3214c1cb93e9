"""The Animal page: one animal over time."""
