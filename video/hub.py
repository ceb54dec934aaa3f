"""Our own media hub: takes each participant's pictures and sound once, and passes them on to the others undecoded.

    hub = Hub(on_event)
    await hub.start()
    leg = await hub.publish("room", "officer", offer)
    ...
    await hub.stop()

A leg is one connection with one offer and one answer. When a publisher comes anew, those who view it keep their legs
and see the new stream from its next key frame on, as long as its codecs are the same.
"""

import asyncio
import contextlib
import logging
import time
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from aiortc import RTCBundlePolicy, RTCConfiguration, RTCIceServer, RTCPeerConnection
from aiortc.exceptions import InternalError, InvalidAccessError, InvalidStateError, OperationError
from aiortc.rtcconfiguration import RTCIceTransportPolicy

from video.audio_first import AudioFirst
from video.engine import Happening, Kind, Leg, MediaEvent
from video.errors import BadOffer, NoSuchLeg, NoSuchPublication
from video.feedback import cap_estimate, listen_to
from video.forwarding import LEAST_BITRATE, Sink, Source, StandIn, give_to, take_from
from video.guard import Guard
from video.legs import Connection, Publication, Reports, Viewing
from video.measures import count, leg_figures
from video.offers import Offer, asking_for_at_least, preferences, read_offer
from video.turn import announced

log = logging.getLogger(__name__)

LOOK_S: Final = 0.1
CONNECT_WITHIN_S: Final = 15.0
CLOSE_WITHIN_S: Final = 5.0
HELD_AT_MOST: Final = 64  # questions for one who does not send yet; more are answered at once
SAME_VIEW_AT_MOST: Final = 3  # legs of one viewer to one publisher; the eldest are those of a page that came anew
EVENTS_AT_MOST: Final = 10_000

UNANSWERABLE: Final = (
    ValueError,
    AssertionError,
    InternalError,
    InvalidAccessError,
    InvalidStateError,
    OperationError,
)
"""What aiortc says to offers that it cannot answer."""

OnEvent = Callable[[MediaEvent], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Muted:
    kinds: frozenset[Kind] = frozenset()
    number: int = 0


@dataclass(slots=True)
class _Room:
    publications: dict[str, Publication] = field(default_factory=dict)
    generations: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    muted: dict[str, _Muted] = field(default_factory=lambda: defaultdict(_Muted))
    viewings: dict[str, Viewing] = field(default_factory=dict)


class Hub:
    """Implements `video.engine.MediaEngine`.

    Args:
        on_event: told of everything that happens, one event after the other.
        ice_servers: STUN and TURN servers for each new leg; none are needed where the hub can be reached directly.
        relay_only: connect through a TURN server only.
        address: under which the world reaches this machine, if it is behind one-to-one NAT.
        guard: refuses legs when the process has enough of them.
        hold_s: a view of one who does not send waits that long for them, so that whoever has just come, or comes anew
            after the hub did, is seen at once and not with a second question.
    """

    def __init__(
        self,
        on_event: OnEvent,
        *,
        ice_servers: Callable[[], Sequence[RTCIceServer]] = tuple,
        relay_only: bool = False,
        address: str | None = None,
        guard: Guard | None = None,
        hold_s: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._on_event = on_event
        self._ice_servers = ice_servers
        self._relay_only = relay_only
        self._address = address
        self._guard = guard or Guard()
        self._hold_s = hold_s
        self._held = 0
        self._entry = asyncio.Event()  # set, and another one in its place, whenever somebody begins to send
        self._clock = clock
        self._rooms: dict[str, _Room] = {}
        self._legs: dict[str, Connection] = {}
        self._events: asyncio.Queue[MediaEvent] = asyncio.Queue(EVENTS_AT_MOST)
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to watch over the legs and to tell of what happens."""
        for work in (self._tell(), self._watch(), self._guard.watch()):
            self._keep(work)

    async def stop(self) -> None:
        """End all legs, then the watching; what they say at their end is still told."""
        for leg in list(self._legs.values()):
            self._end(leg, "the hub stops")
        closing = [task for task in self._tasks if task.get_name() == "closing"]
        await asyncio.gather(*closing, return_exceptions=True)
        if any(task.get_name() != "closing" for task in self._tasks):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._events.join(), CLOSE_WITHIN_S)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def publish(self, room: str, participant: str, offer: str) -> Leg:
        asked = read_offer(offer)
        sending = [kind for kind, section in asked.sections.items() if section.sends]
        if not sending:
            raise BadOffer("the offer sends neither sound nor pictures")
        codecs = {kind: asked.codec(kind) for kind in asked.sections}
        async with self._guard.joining():
            peer = self._peer()
            sources: dict[Kind, Source] = {}
            for kind, codec in codecs.items():
                transceiver = peer.addTransceiver(kind.value, direction="recvonly")
                transceiver.setCodecPreferences(preferences(kind, codec))
                if kind in sending:
                    sources[kind] = Source(kind, codec, clock=self._clock)
                    take_from(transceiver.receiver, sources[kind])
                    cap_estimate(transceiver.receiver, sources[kind].cap)
            answer = asking_for_at_least(await self._answer(peer, asked), LEAST_BITRATE)
            publication = Publication(
                id=uuid.uuid4().hex,
                room=room,
                participant=participant,
                peer=peer,
                began_at=self._clock(),
                sources=sources,
            )
            self._enter(publication)
        return Leg(publication.id, answer)

    async def view(self, room: str, of: str, viewer: str, offer: str) -> Leg:
        asked = read_offer(offer)
        if not any(section.receives for section in asked.sections.values()):
            raise BadOffer("the offer receives neither sound nor pictures")
        await self._hold(room, of)
        async with self._guard.joining():
            shown = self._publication(room, of)
            codecs = {
                kind: asked.codec(kind, shown.sources[kind].codec if kind in shown.sources else None)
                for kind in asked.sections
            }
            peer = self._peer()
            sinks: dict[Kind, Sink] = {}
            network = AudioFirst()
            for kind, codec in codecs.items():
                transceiver = peer.addTransceiver(StandIn(kind), direction="sendonly")
                transceiver.setCodecPreferences(preferences(kind, codec))
                if asked.sections[kind].receives:
                    sinks[kind] = Sink(kind, clock=self._clock)
                    give_to(transceiver.sender, sinks[kind])
                    listen_to(transceiver.sender, Reports(network, sinks[kind], self._clock))
            answer = await self._answer(peer, asked)
            viewing = Viewing(
                id=uuid.uuid4().hex,
                room=room,
                participant=viewer,
                peer=peer,
                began_at=self._clock(),
                of=of,
                sinks=sinks,
                codecs=codecs,
                network=network,
            )
            try:
                shown = self._publication(room, of)  # it may have ended, or come anew, while we answered
            except NoSuchPublication:
                self._close(peer)
                raise
            self._show(viewing, shown)
        return Leg(viewing.id, answer)

    async def close(self, leg: str) -> None:
        if leg not in self._legs:
            raise NoSuchLeg("there is no such connection, or it has ended")
        self._end(self._legs[leg], "closed")

    async def remove(self, room: str, participant: str) -> None:
        for leg in [leg for leg in self._legs.values() if leg.room == room and leg.participant == participant]:
            self._end(leg, "removed")

    async def mute(self, room: str, participant: str, kinds: Collection[Kind], *, number: int) -> None:
        here = self._rooms.setdefault(room, _Room())
        if number <= here.muted[participant].number:
            return  # a newer word was faster
        here.muted[participant] = _Muted(frozenset(kinds), number)
        if participant in here.publications:
            here.publications[participant].mute(here.muted[participant].kinds)

    async def close_room(self, room: str) -> None:
        for leg in [leg for leg in self._legs.values() if leg.room == room]:
            self._end(leg, "the room was closed")
        self._rooms.pop(room, None)

    async def stats(self, room: str) -> Mapping[str, Mapping[str, float]]:
        legs = [leg for leg in self._legs.values() if leg.room == room]
        return {leg.id: await leg_figures(leg) for leg in legs}

    def load(self) -> Mapping[str, float]:
        """What the whole hub carries."""
        viewings = sum(isinstance(leg, Viewing) for leg in self._legs.values())
        return {
            "rooms": len(self._rooms),
            "publications": len(self._legs) - viewings,
            "viewings": viewings,
            "cpu": self._guard.cpu,
            "lag_s": self._guard.lag_s,
        }

    def look(self) -> None:
        """See who has begun, fallen silent or come back, whose network is poor, and which legs never came about."""
        now = self._clock()
        for leg in list(self._legs.values()):
            count(leg, now)
            if not leg.connected and now - leg.began_at > CONNECT_WITHIN_S:
                self._end(leg, "never connected")
            elif isinstance(leg, Publication | Viewing):
                for event in leg.look(now):
                    self._say(event)

    def _peer(self) -> RTCPeerConnection:
        # Without an explicit list aiortc would ask a public STUN server.
        return RTCPeerConnection(
            RTCConfiguration(
                iceServers=list(self._ice_servers()),
                iceTransportPolicy=RTCIceTransportPolicy.RELAY if self._relay_only else RTCIceTransportPolicy.ALL,
                bundlePolicy=RTCBundlePolicy.MAX_BUNDLE,
            )
        )

    async def _answer(self, peer: RTCPeerConnection, offer: Offer) -> str:
        """Agree with an offer; the connection then comes about by itself."""
        try:
            await peer.setRemoteDescription(offer.description)
            await peer.setLocalDescription()
        except UNANSWERABLE as problem:
            await peer.close()
            raise BadOffer(f"the offer cannot be answered: {problem}") from problem
        except BaseException:
            await peer.close()
            raise
        answer = peer.localDescription.sdp
        return announced(answer, self._address) if self._address else answer

    def _publication(self, room: str, participant: str) -> Publication:
        found = self._rooms[room].publications.get(participant) if room in self._rooms else None
        if found is None:
            raise NoSuchPublication(f"{participant} sends neither pictures nor sound in this room")
        return found

    async def _hold(self, room: str, of: str) -> None:
        """Wait for one who does not send yet, but not for long."""
        if self._held >= HELD_AT_MOST:
            return
        self._held += 1
        try:
            async with asyncio.timeout(self._hold_s):
                while room not in self._rooms or of not in self._rooms[room].publications:
                    await self._entry.wait()
        except TimeoutError:
            pass  # they are told that nobody is there
        finally:
            self._held -= 1

    def _enter(self, publication: Publication) -> None:
        """Let a new publication take the place of its participant's earlier one."""
        room = self._rooms.setdefault(publication.room, _Room())
        room.generations[publication.participant] += 1
        publication.generation = room.generations[publication.participant]
        publication.mute(room.muted[publication.participant].kinds)
        earlier = room.publications.get(publication.participant)
        room.publications[publication.participant] = publication
        self._watch_over(publication)
        for viewing in _viewing(room, publication.participant):
            if publication.fits(viewing.sinks, viewing.codecs):
                viewing.follow(publication)
            else:
                self._end(viewing, "the publisher sends another codec now")
        if earlier is not None:
            self._end(earlier, "replaced")
        self._entry.set()
        self._entry = asyncio.Event()

    def _show(self, viewing: Viewing, publication: Publication) -> None:
        if not publication.fits(viewing.sinks, viewing.codecs):
            self._close(viewing.peer)
            raise NoSuchPublication("the publisher has just come with another codec; ask again")
        room = self._rooms[viewing.room]
        same = [other for other in _viewing(room, viewing.of) if other.participant == viewing.participant]
        for eldest in same[: len(same) + 1 - SAME_VIEW_AT_MOST]:
            self._end(eldest, "replaced")
        room.viewings[viewing.id] = viewing
        self._watch_over(viewing)
        viewing.follow(publication)

    def _watch_over(self, leg: Connection) -> None:
        self._legs[leg.id] = leg

        def changed() -> None:
            match leg.peer.connectionState:
                case "connected" if not leg.connected:
                    leg.connected = True
                    if isinstance(leg, Viewing):
                        self._say(leg.event(Happening.VIEWED))
                case "failed":
                    self._end(leg, "lost")
                case "closed":
                    self._end(leg, "closed by the other side")

        leg.peer.on("connectionstatechange", changed)
        changed()  # it may have connected before anybody listened

    def _end(self, leg: Connection, why: str) -> None:
        if self._legs.pop(leg.id, None) is None:
            return
        room = self._rooms[leg.room]
        if isinstance(leg, Viewing):
            room.viewings.pop(leg.id, None)
            for sink in leg.sinks.values():
                sink.close()
            self._say(leg.event(Happening.LEFT, why))
        elif isinstance(leg, Publication):
            self._say(leg.event(Happening.LEFT, why))
            if room.publications.get(leg.participant) is leg:
                del room.publications[leg.participant]
                self._say(leg.event(Happening.UNPUBLISHED, why))
                for viewing in _viewing(room, leg.participant):
                    self._end(viewing, "the publisher has left")
        self._close(leg.peer)

    def _close(self, peer: RTCPeerConnection) -> None:
        async def close() -> None:
            try:
                await asyncio.wait_for(peer.close(), CLOSE_WITHIN_S)
            except (TimeoutError, ConnectionError, OSError) as problem:
                log.warning("a connection would not close: %r", problem)

        self._keep(close(), "closing")

    def _say(self, event: MediaEvent) -> None:
        try:
            self._events.put_nowait(event)
        except asyncio.QueueFull:
            log.error("nobody takes the events; lost: %s", event)

    async def _tell(self) -> None:
        while True:
            event = await self._events.get()
            try:
                await self._on_event(event)
            except Exception:  # whoever keeps the events has a trouble of his own: the calls go on
                log.exception("an event was not taken: %s", event)
            finally:
                self._events.task_done()

    async def _watch(self) -> None:
        while True:
            before = self._clock()
            await asyncio.sleep(LOOK_S)
            if self._clock() - before < LOOK_S * 5:  # were we held up ourselves, all would look silent
                self.look()

    def _keep(self, work: Coroutine[None, None, None], name: str = "watching") -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _viewing(room: _Room, of: str) -> list[Viewing]:
    return [viewing for viewing in room.viewings.values() if viewing.of == of]
