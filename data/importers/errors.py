"""What an importer refuses.

ImportRefused   the file as a whole cannot be imported; the message says what to change
BadValue        one value of one row; ends as a line of the report
"""


class ImportRefused(Exception):
    """The file cannot be imported as it is: unreadable, empty, columns missing, unknown datum."""


class BadValue(ValueError):
    """A value is not what its field takes; the message says what it should be."""
