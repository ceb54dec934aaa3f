"""What recording refuses.

RecordingError
├── BadPicture       bytes that are no frame of the codec they came under
├── BadSegment       a file that does not begin as our segments do
└── BadManifest      a manifest that cannot be gone on with
"""


class RecordingError(Exception):
    """Something that keeps a recording from being written or read."""


class BadPicture(RecordingError):
    """The bytes are no frame of their codec, or say nothing usable of its size."""


class BadSegment(RecordingError):
    """The file does not begin as our segments do."""


class BadManifest(RecordingError):
    """The manifest is not the one that was written; nothing may be added to it."""
