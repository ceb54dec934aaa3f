"""Dispatch: responders, assignments, reports."""
