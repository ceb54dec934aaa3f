"""Every table of every room, imported once so that the migrations see them together."""

import command.access.tables
import command.alerts.tables
import command.dispatch.tables
import command.events.tables
import command.recordings.tables
import command.rooms.tables
import command.sources.tables
import data.tables
import enforcement.tables
import gis.tables
import planning.tables
import routing.tables
from gis.database import Base

metadata = Base.metadata

__all__ = ["command", "data", "enforcement", "gis", "metadata", "planning", "routing"]
