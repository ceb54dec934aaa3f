"""Dated discharge and quality limits: the shipped standards, and which of many rows holds on a day."""

from data.limits.choice import Conditions, LimitRow, limit_for
from data.limits.standards import Limit, load_standards, read_standards, reference_oxygen

__all__ = ["Conditions", "Limit", "LimitRow", "limit_for", "load_standards", "read_standards", "reference_oxygen"]
