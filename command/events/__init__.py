"""The event log, the live feed that reads it, and the timeline."""
