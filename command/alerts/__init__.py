"""Alerts: rules, states, doors."""
