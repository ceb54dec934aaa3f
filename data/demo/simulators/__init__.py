"""Simulated officers and data loggers: programs outside the product that use its doors as real ones do."""
