"""The connections of a hub: those that publish and those that view."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from aiortc import RTCPeerConnection

from video.audio_first import AudioFirst
from video.engine import Happening, Kind, MediaEvent
from video.forwarding import Sink, Source

STALLED_AFTER_S: Final = 1.5
JUDGE_EACH_S: Final = 1.0
JUDGED_BY: Final = 10  # packets; fewer say nothing


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
    network: AudioFirst = field(default_factory=AudioFirst)


@dataclass(eq=False, slots=True, kw_only=True)
class Publication(Connection):
    """A leg that brings a participant's pictures and sound."""

    sources: Mapping[Kind, Source]
    generation: int = 0
    published: bool = False
    stalled: bool = False
    arrived: tuple[int, int] = (0, 0)  # at the last judgement of the network
    judged_at: float = float("-inf")

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
        if not silent:
            yield from self._judge(now)

    def _judge(self, now: float) -> Iterable[MediaEvent]:
        """Once a second, by the packets of sound that never came: those are not sent again."""
        sound, pictures = self.sources.get(Kind.AUDIO), self.sources.get(Kind.VIDEO)
        if sound is None or pictures is None or now - self.judged_at < JUDGE_EACH_S:
            return
        passed, missing = sound.arrivals()
        came, lost = passed - self.arrived[0], missing - self.arrived[1]
        self.arrived, self.judged_at = (passed, missing), now
        if came + lost >= JUDGED_BY:
            share, packets = lost / (came + lost), came + lost
            self.network.pictures_lost(share, packets, now)
            self.network.sound_lost(share, packets, now)
        change = self.network.look(now)
        if change is not None:
            pictures.pause(change)
            yield self.event(Happening.VIDEO_PAUSED if change else Happening.VIDEO_BACK)


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

    def look(self, now: float) -> Iterable[MediaEvent]:
        """Whether pictures pause or come back, by what the viewer's receiver says it lost."""
        pictures = self.sinks.get(Kind.VIDEO)
        change = self.network.look(now) if pictures is not None else None
        if pictures is not None and change is not None:
            pictures.pause(change)
            yield self.event(Happening.VIDEO_PAUSED if change else Happening.VIDEO_BACK)

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


@dataclass(frozen=True, slots=True)
class Reports:
    """Reads what the viewer of one track reports: `video.feedback.Reader`."""

    network: AudioFirst
    sink: Sink
    clock: Callable[[], float]

    def lost(self, share: float, packets: int) -> None:
        note = self.network.pictures_lost if self.sink.kind is Kind.VIDEO else self.network.sound_lost
        note(share, packets, self.clock())

    def estimated(self, bitrate: int) -> None:
        self.sink.estimated(bitrate)


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
