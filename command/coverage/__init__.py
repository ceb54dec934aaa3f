"""Joins planning to what the bureau knows and to the roads; and watches coverage while officers are at work."""
