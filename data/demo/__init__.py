"""The demonstration world: made up, seeded, and marked as such."""
