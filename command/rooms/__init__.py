"""Rooms in which people see and hear each other: who is in, who may speak, and that all of it is an event."""
