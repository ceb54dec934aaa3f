"""Demonstration records: fictional inspections, findings, cases and trainings over the demonstration world."""
