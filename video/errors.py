"""What the media room refuses.

MediaError
├── BadOffer             an offer that is no usable SDP
├── NoSuchPublication    nobody of that name sends here
├── NoSuchLeg            there is no such connection (any more)
├── ViewedElsewhere      this engine sends to its own clients only
├── HubBusy              no more legs now; try again in a moment
└── HubLost              the hub does not answer
"""


class MediaError(Exception):
    """Something about pictures and sound that the asker must be told."""


class BadOffer(MediaError):
    """The offer is not an SDP that can be answered."""


class NoSuchPublication(MediaError):
    """The participant does not send anything in this room."""


class NoSuchLeg(MediaError):
    """There is no such connection, or it has ended."""


class ViewedElsewhere(MediaError):
    """The engine answers no offer of who views; they join with its own client."""


class HubBusy(MediaError):
    """The hub takes no more legs at the moment; `retry_after_s` says when to ask again."""

    def __init__(self, message: str, retry_after_s: float = 2.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class HubLost(MediaError):
    """The hub does not answer."""
