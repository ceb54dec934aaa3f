"""A LiveKit server written by hand after the published API: paths, fields, grants, webhooks.

Fields and methods are those of livekit/protocol: livekit_room.proto, livekit_ingress.proto, livekit_webhook.proto.
"""

import hashlib
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt

URL, KEY, SECRET = "https://livekit.test", "APIkey", "a secret of at least thirty-two characters"
OFFER, ANSWER = "v=0\r\ns=offer\r\n", "v=0\r\ns=answer\r\n"

# method -> the grant that it takes, and the fields that its request knows
METHODS = {
    "RoomService/GetParticipant": ("roomAdmin", {"room", "identity"}),
    "RoomService/RemoveParticipant": ("roomAdmin", {"room", "identity"}),
    "RoomService/MutePublishedTrack": ("roomAdmin", {"room", "identity", "track_sid", "muted"}),
    "RoomService/DeleteRoom": ("roomCreate", {"room"}),
    "Ingress/CreateIngress": (
        "ingressAdmin",
        {"input_type", "name", "room_name", "participant_identity", "enable_transcoding"},
    ),
    "Ingress/ListIngress": ("ingressAdmin", {"room_name", "ingress_id"}),
    "Ingress/DeleteIngress": ("ingressAdmin", {"ingress_id"}),
}


class Server:
    """LiveKit as its API describes it, with one participant's tracks and its ingresses in memory."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.ingresses: dict[str, dict[str, Any]] = {}
        self.tracks = [{"sid": "TR_a", "type": "AUDIO"}, {"sid": "TR_v", "type": "VIDEO", "muted": True}]
        self.offer_status = 201
        self.error: tuple[int, str] | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "ingress.test":
            return self._whip(request)
        method = request.url.path.removeprefix("/twirp/livekit.")
        grant, fields = METHODS[method]
        asked = json.loads(request.content)
        assert set(asked) <= fields, method
        self._check_token(request, grant, asked)
        self.calls.append((method.partition("/")[2], asked))
        if self.error is not None:
            status, code = self.error
            return httpx.Response(status, json={"code": code, "msg": "as the test wants it"})
        answer: httpx.Response = getattr(self, f"_{method.partition('/')[2]}")(asked)
        return answer

    def _check_token(self, request: httpx.Request, grant: str, asked: dict[str, Any]) -> None:
        token = request.headers["authorization"].removeprefix("Bearer ")
        claims = jwt.decode(token, SECRET, ["HS256"], issuer=KEY, options={"require": ["exp", "nbf", "iss"]})
        assert claims["video"][grant] is True
        if grant == "roomAdmin":
            assert claims["video"]["room"] == asked["room"]

    def _whip(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["content-type"] == "application/sdp"
        assert request.headers["authorization"] in {f"Bearer key-{one}" for one in self.ingresses}
        assert request.content.decode() == OFFER
        headers = {"Location": "/w/resource", "Retry-After": "7"}
        return httpx.Response(self.offer_status, text=ANSWER, headers=headers)

    def _CreateIngress(self, asked: dict[str, Any]) -> httpx.Response:  # noqa: N802 - their name
        assert asked["input_type"] == "WHIP_INPUT"
        number = f"IN_{len(self.calls)}"
        made = {"ingress_id": number, "url": "https://ingress.test/w", "stream_key": f"key-{number}"}
        self.ingresses[number] = made | {name: asked[name] for name in ("room_name", "participant_identity")}
        return httpx.Response(200, json=self.ingresses[number])

    def _ListIngress(self, asked: dict[str, Any]) -> httpx.Response:  # noqa: N802
        state = {"video": {"framerate": 14.8, "average_bitrate": 580_000}, "audio": {"average_bitrate": 32_000}}
        found = [one | {"state": state} for one in self.ingresses.values() if one["room_name"] == asked["room_name"]]
        return httpx.Response(200, json={"items": found})

    def _DeleteIngress(self, asked: dict[str, Any]) -> httpx.Response:  # noqa: N802
        gone = self.ingresses.pop(asked["ingress_id"], None)
        if gone is None:
            return httpx.Response(404, json={"code": "not_found", "msg": "no such ingress"})
        return httpx.Response(200, json=gone)

    def _GetParticipant(self, asked: dict[str, Any]) -> httpx.Response:  # noqa: N802
        return httpx.Response(200, json={"identity": asked["identity"], "tracks": self.tracks})

    def _RemoveParticipant(self, _asked: dict[str, Any]) -> httpx.Response:  # noqa: N802
        return httpx.Response(404, json={"code": "not_found", "msg": "participant does not exist"})

    def _MutePublishedTrack(self, asked: dict[str, Any]) -> httpx.Response:  # noqa: N802
        track = next(one for one in self.tracks if one["sid"] == asked["track_sid"])
        track["muted"] = asked["muted"]
        return httpx.Response(200, json={"track": track})

    def _DeleteRoom(self, _asked: dict[str, Any]) -> httpx.Response:  # noqa: N802
        return httpx.Response(200, json={})

    def called(self, method: str) -> list[dict[str, Any]]:
        return [asked for name, asked in self.calls if name == method]


def signed(body: bytes, *, secret: str = SECRET, of: bytes | None = None) -> str:
    digest = b64encode(hashlib.sha256(body if of is None else of).digest()).decode()
    claims = {"iss": KEY, "exp": datetime.now(UTC) + timedelta(minutes=5), "sha256": digest}
    return jwt.encode(claims, secret, "HS256")
