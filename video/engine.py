"""What the rest of the house asks of whatever carries pictures and sound: our own hub, or LiveKit.

One connection a leg: an offer in, an answer out, no renegotiation. A leg that is lost is built anew; the others never
notice. The engine knows rooms and participants by their names only; who may be there is decided above.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Kind(StrEnum):
    """What a track carries."""

    AUDIO = "audio"
    VIDEO = "video"


@dataclass(frozen=True, slots=True)
class Leg:
    """One connection of one participant: its name, and the SDP answer."""

    id: str
    answer: str


class Happening(StrEnum):
    """What an engine tells of, in the past tense."""

    PUBLISHED = "published"  # first packets of a publisher's leg are through; `generation` counts its rebuilds
    UNPUBLISHED = "unpublished"
    STALLED = "stalled"  # no packet for 1.5 s
    RESUMED = "resumed"
    VIEWED = "viewed"  # a viewer's leg is through
    LEFT = "left"  # a leg has ended, `why` says how
    VIDEO_PAUSED = "video_paused"  # the network of `participant` is too poor for both: sound goes on alone
    VIDEO_BACK = "video_back"


@dataclass(frozen=True, slots=True)
class MediaEvent:
    """Something that happened to a leg. `of` is the publisher whom a viewing leg shows."""

    what: Happening
    room: str
    participant: str
    leg: str
    of: str | None = None
    generation: int = 0
    kinds: Collection[Kind] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class SendLimit:
    """What a publisher shall send at most: pixels, pictures a second, bits a second."""

    width: int
    height: int
    fps: int
    bitrate: int


class MediaEngine(Protocol):
    """Raises `video.errors.MediaError`s: `BadOffer`, `NoSuchPublication`, `NoSuchLeg`, `HubBusy`, `HubLost`."""

    async def publish(self, room: str, participant: str, offer: str) -> Leg:
        """Take what a participant sends. Replaces an earlier publication of the same participant."""
        ...

    async def view(self, room: str, of: str, viewer: str, offer: str) -> Leg:
        """Send `viewer` what participant `of` publishes, as it comes."""
        ...

    async def close(self, leg: str) -> None:
        """End one leg; unknown ones raise `NoSuchLeg`."""
        ...

    async def remove(self, room: str, participant: str) -> None:
        """End all legs of a participant, and those that view them. One who has none is no error."""
        ...

    async def mute(self, room: str, participant: str, kinds: Collection[Kind], *, number: int) -> None:
        """Forward nothing of these kinds from a participant until told otherwise; an empty set unmutes.

        Words overtake each other on their way: of two about one participant the one with the higher number holds.
        Numbers begin at 1.
        """
        ...

    async def close_room(self, room: str) -> None:
        """End everything in a room."""
        ...

    async def stats(self, room: str) -> Mapping[str, Mapping[str, float]]:
        """Figures by leg: fps, bitrate, lost, rtt_ms, and so on, as far as known."""
        ...
