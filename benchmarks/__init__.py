"""Measurements, run by hand against named peers."""
