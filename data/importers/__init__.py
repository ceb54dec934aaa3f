"""Files with enterprises, points, officers or stations, brought into the database whole or not at all."""

from data.importers.columns import Column, Constant, parse_mapping
from data.importers.errors import ImportRefused
from data.importers.importing import import_file
from data.importers.kinds import KINDS
from data.importers.report import ImportReport, Problem

__all__ = ["KINDS", "Column", "Constant", "ImportRefused", "ImportReport", "Problem", "import_file", "parse_mapping"]
