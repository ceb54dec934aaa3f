"""LiveKit in the place of our own hub, for more rooms than one machine carries.

    engine = LiveKit("https://livekit.example", key, secret)
    leg = await engine.publish("7", "12", offer)

Publishing goes through LiveKit's own WHIP ingress, so that phones, OBS and body cameras come in unchanged. LiveKit has
no WHEP: its server makes the offers to those who view, and only its own clients take them. `view` therefore raises
`ViewedElsewhere`, and `join_token` is what such a client joins with.

Server API: Twirp, `POST /twirp/livekit.<Service>/<Method>`, JSON; field names as in livekit/protocol's .proto files.
"""

import hashlib
from base64 import b64encode
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from typing import Any, Final

import httpx
import jwt

from video.engine import Happening, Kind, Leg, MediaEvent
from video.errors import BadOffer, HubBusy, HubLost, NoSuchLeg, NoSuchPublication, ViewedElsewhere

ANSWERS_WITHIN_S: Final = 10.0
_API_TOKEN_FOR: Final = timedelta(minutes=1)
JOIN_TOKEN_FOR: Final = timedelta(minutes=10)  # counts for joining only; whoever is in stays in
_SDP: Final = "application/sdp"

# What a Twirp error means here; anything else is a server that cannot be worked with.
_BUSY: Final = {"resource_exhausted", "unavailable"}
_GONE: Final = "not_found"

_HAPPENINGS: Final = {
    "track_published": Happening.PUBLISHED,
    "track_unpublished": Happening.UNPUBLISHED,
    "participant_left": Happening.LEFT,
}


class LiveKit:
    """Implements `video.engine.MediaEngine` over a LiveKit server and its ingress.

    Args:
        url: of the server, https (or http).
        key: and `secret`, as in the server's configuration.
        transport: for tests.
    """

    def __init__(self, url: str, key: str, secret: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.url = url.rstrip("/")
        self._key, self._secret = key, secret
        self._http = httpx.AsyncClient(timeout=ANSWERS_WITHIN_S, trust_env=False, transport=transport)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def publish(self, room: str, participant: str, offer: str) -> Leg:
        """Make a WHIP ingress for the participant, and give it the offer. An earlier one of the same is ended."""
        for earlier in await self._ingresses(room, participant):
            await self._call("Ingress", "DeleteIngress", {"ingressAdmin": True}, ingress_id=earlier["ingress_id"])
        made = await self._call(
            "Ingress",
            "CreateIngress",
            {"ingressAdmin": True},
            input_type="WHIP_INPUT",
            name=participant,
            room_name=room,
            participant_identity=participant,
            enable_transcoding=False,
        )
        try:
            return Leg(made["ingress_id"], await self._offer(made["url"], made["stream_key"], offer))
        except BaseException:
            await self._call("Ingress", "DeleteIngress", {"ingressAdmin": True}, ingress_id=made["ingress_id"])
            raise

    async def view(self, room: str, of: str, viewer: str, offer: str) -> Leg:  # noqa: ARG002 - the interface
        """Not by an offer of the viewer's: see above."""
        raise ViewedElsewhere("LiveKit takes no offer from who views; join with its own client")

    async def close(self, leg: str) -> None:
        """End a publication."""
        try:
            await self._call("Ingress", "DeleteIngress", {"ingressAdmin": True}, ingress_id=leg)
        except NoSuchPublication:
            raise NoSuchLeg("there is no such connection") from None

    async def remove(self, room: str, participant: str) -> None:
        for ingress in await self._ingresses(room, participant):
            await self._call("Ingress", "DeleteIngress", {"ingressAdmin": True}, ingress_id=ingress["ingress_id"])
        await self._in_room("RemoveParticipant", room, identity=participant, missing_ok=True)

    async def mute(self, room: str, participant: str, kinds: Collection[Kind], *, number: int) -> None:  # noqa: ARG002
        """Mute these kinds and unmute the others; the server must allow unmuting (`enable_remote_unmute`).

        LiveKit keeps no numbers: of words that overtake each other the last to arrive holds.
        """
        found = await self._in_room("GetParticipant", room, identity=participant, missing_ok=True)
        muted = {kind.value for kind in kinds}
        for track in found.get("tracks", ()):
            shall = str(track.get("type", "AUDIO")).lower() in muted
            if bool(track.get("muted")) != shall:
                await self._in_room(
                    "MutePublishedTrack", room, identity=participant, track_sid=track["sid"], muted=shall
                )

    async def close_room(self, room: str) -> None:
        try:
            await self._call("RoomService", "DeleteRoom", {"roomCreate": True}, room=room)
        except NoSuchPublication:
            return

    async def stats(self, room: str) -> Mapping[str, Mapping[str, float]]:
        """Figures of the publications, as the ingress sees them."""
        listed = await self._call("Ingress", "ListIngress", {"ingressAdmin": True}, room_name=room)
        figures: dict[str, dict[str, float]] = {}
        for one in listed.get("items", ()):
            video, audio = (one.get("state", {}).get(kind) or {} for kind in ("video", "audio"))
            figures[one["ingress_id"]] = {
                "fps": float(video.get("framerate", 0)),
                "bitrate": float(video.get("average_bitrate", 0)) + float(audio.get("average_bitrate", 0)),
            }
        return figures

    def join_token(self, room: str, participant: str, *, publish: bool) -> str:
        """What a LiveKit client joins this one room with, as this participant."""
        grant = {"room": room, "roomJoin": True, "canPublish": publish, "canSubscribe": True, "canPublishData": False}
        return self._token(grant, participant, JOIN_TOKEN_FOR)

    def read_webhook(self, body: bytes, authorization: str) -> MediaEvent | None:
        """What the server tells of, if it concerns us; raises `HubLost` when it is not this server that tells.

        The token is signed with the server's secret and carries the SHA-256 of the body.
        """
        try:
            said = jwt.decode(authorization, self._secret, ["HS256"], issuer=self._key)
        except jwt.InvalidTokenError as error:
            raise HubLost(f"a webhook that the server did not sign: {error}") from None
        if not compare_digest(str(said.get("sha256")), b64encode(hashlib.sha256(body).digest()).decode()):
            raise HubLost("a webhook whose body was changed on the way")
        return _event(httpx.Response(200, content=body).json())

    async def _ingresses(self, room: str, participant: str) -> list[dict[str, Any]]:
        listed = await self._call("Ingress", "ListIngress", {"ingressAdmin": True}, room_name=room)
        return [one for one in listed.get("items", ()) if one.get("participant_identity") == participant]

    async def _in_room(self, method: str, room: str, *, missing_ok: bool = False, **asked: Any) -> dict[str, Any]:
        try:
            return await self._call("RoomService", method, {"roomAdmin": True, "room": room}, room=room, **asked)
        except NoSuchPublication:
            if missing_ok:
                return {}
            raise

    async def _call(self, service: str, method: str, grant: Mapping[str, Any], **asked: Any) -> dict[str, Any]:
        """One call of the server API, with a token that allows just this."""
        headers = {"Authorization": f"Bearer {self._token(grant, None, _API_TOKEN_FOR)}"}
        try:
            answer = await self._http.post(f"{self.url}/twirp/livekit.{service}/{method}", json=asked, headers=headers)
        except httpx.TransportError as error:
            raise HubLost(f"LiveKit does not answer: {error or type(error).__name__}") from error
        if answer.is_success:
            found: dict[str, Any] = answer.json()
            return found
        raise _refusal(answer)

    async def _offer(self, url: str, stream_key: str, offer: str) -> str:
        headers = {"Authorization": f"Bearer {stream_key}", "Content-Type": _SDP}
        try:
            answer = await self._http.post(url, content=offer, headers=headers)
        except httpx.TransportError as error:
            raise HubLost(f"LiveKit's ingress does not answer: {error or type(error).__name__}") from error
        if answer.status_code == httpx.codes.CREATED:
            return answer.text
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            raise HubBusy("LiveKit's ingress takes no more", float(answer.headers.get("retry-after", 2)))
        if answer.is_client_error:
            raise BadOffer(f"LiveKit's ingress does not take the offer: {answer.status_code} {answer.text[:200]}")
        raise HubLost(f"LiveKit's ingress answers {answer.status_code}")

    def _token(self, grant: Mapping[str, Any], identity: str | None, lasting: timedelta) -> str:
        now = datetime.now(UTC)
        claims: dict[str, Any] = {"iss": self._key, "nbf": now, "exp": now + lasting, "video": dict(grant)}
        if identity is not None:
            claims["sub"] = identity
        return jwt.encode(claims, self._secret, "HS256")


def _refusal(answer: httpx.Response) -> Exception:
    """A Twirp error: `{"code": …, "msg": …}`."""
    try:
        code, words = answer.json()["code"], answer.json().get("msg", "")
    except (ValueError, KeyError, TypeError):
        return HubLost(f"LiveKit answers {answer.status_code}")
    if code == _GONE:
        return NoSuchPublication(words)
    if code in _BUSY:
        return HubBusy(f"LiveKit: {words}")
    return HubLost(f"LiveKit refuses ({code}): {words}")


def _event(told: Mapping[str, Any]) -> MediaEvent | None:
    happening = _HAPPENINGS.get(told.get("event", ""))
    participant = told.get("participant", {}).get("identity")
    room = told.get("room", {}).get("name")
    if happening is None or participant is None or room is None:
        return None
    track = told.get("track", {})
    kinds = [Kind(str(track.get("type", "AUDIO")).lower())] if track else []
    return MediaEvent(happening, room, participant, leg=track.get("sid", ""), kinds=kinds, why="as LiveKit tells")
