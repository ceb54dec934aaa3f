"""The drill: the whole chain through the real doors, with a place, loggers and officers of its own."""
