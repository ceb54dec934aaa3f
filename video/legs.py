"""The connections of a hub: those that publish and those that view."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from aiortc import RTCPeerConnection

from video.engine import Happening, Kind, MediaEvent
from video.forwarding import Sink, Source

STALLED_AFTER_S: Final = 1.5


@dataclass(eq=False, slots=True, kw_only=True)
class Connection:
    """What any leg has."""

    id: str
    room: str
    participant: str
    peer: RTCPeerConnection
    began_at: float
    connected: bool = False
    rates: dict[Kind, "Rate"] = field(default_factory=dict)


@dataclass(eq=False, slots=True, kw_only=True)
class Publication(Connection):
    """A leg that brings a participant's pictures and sound."""

    sources: Mapping[Kind, Source]
    generation: int = 0
    published: bool = False
    stalled: bool = False

    @property
    def last_packet_at(self) -> float | None:
        return max((source.last_packet_at for source in self.sources.values() if source.last_packet_at), default=None)

    def mute(self, kinds: Collection[Kind]) -> None:
        for kind, source in self.sources.items():
            source.mute(kind in kinds)

    def fits(self, sinks: Mapping[Kind, "Sink"], codecs: Mapping[Kind, str]) -> bool:
        """Whether a viewer's leg, agreed on with these codecs, can show this publication."""
        return all(kind not in sinks or codecs[kind] == source.codec for kind, source in self.sources.items())

    def event(self, what: Happening, why: str = "") -> MediaEvent:
        return MediaEvent(
            what, self.room, self.participant, self.id, generation=self.generation, kinds=tuple(self.sources), why=why
        )

    def look(self, now: float) -> Iterable[MediaEvent]:
        """What has changed since the last look."""
        last = self.last_packet_at
        if last is None:
            return
        if not self.published:
            self.published = True
            yield self.event(Happening.PUBLISHED)
        silent = now - last > STALLED_AFTER_S
        if silent != self.stalled:
            self.stalled = silent
            yield self.event(Happening.STALLED if silent else Happening.RESUMED)


@dataclass(eq=False, slots=True, kw_only=True)
class Viewing(Connection):
    """A leg that shows one publisher to one viewer."""

    of: str
    sinks: Mapping[Kind, Sink]
    codecs: Mapping[Kind, str]
    generation: int = 0

    def follow(self, publication: Publication) -> None:
        self.generation = publication.generation
        for kind, sink in self.sinks.items():
            sink.follow(publication.sources.get(kind))

    def event(self, what: Happening, why: str = "") -> MediaEvent:
        return MediaEvent(
            what,
            self.room,
            self.participant,
            self.id,
            of=self.of,
            generation=self.generation,
            kinds=tuple(self.sinks),
            why=why,
        )


@dataclass(slots=True)
class Rate:
    """Frames and octets between two looks."""

    at: float
    frames: int
    octets: int
    fps: float = 0.0
    bitrate: float = 0.0

    def look(self, now: float, frames: int, octets: int) -> None:
        passed = now - self.at
        if passed <= 0:
            return
        self.fps = (frames - self.frames) / passed
        self.bitrate = (octets - self.octets) * 8 / passed
        self.at, self.frames, self.octets = now, frames, octets
