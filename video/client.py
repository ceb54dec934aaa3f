"""The media hub as the other processes see it: the same interface, over its HTTP door."""

from collections.abc import Collection, Mapping
from types import TracebackType
from typing import Any, Final, Self

import httpx

from video.engine import Kind, Leg
from video.errors import BadOffer, HubBusy, HubLost, NoSuchLeg, NoSuchPublication

ANSWERS_WITHIN_S: Final = 10.0  # a leg through a TURN server takes a second or two to set up

_REFUSALS: Final = {refusal.__name__: refusal for refusal in (BadOffer, NoSuchPublication, NoSuchLeg)}


class HubClient:
    """Implements `video.engine.MediaEngine`; use it as an async context manager, or `aclose` it.

    Args:
        url: of the hub's door, as it stands in `media_hub`.
        transport: for tests.
    """

    def __init__(self, url: str, secret: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {secret}"},
            timeout=ANSWERS_WITHIN_S,
            trust_env=False,
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._http.aclose()

    async def publish(self, room: str, participant: str, offer: str) -> Leg:
        return _leg(await self._post("/publish", room=room, participant=participant, offer=offer))

    async def view(self, room: str, of: str, viewer: str, offer: str) -> Leg:
        return _leg(await self._post("/view", room=room, of=of, viewer=viewer, offer=offer))

    async def close(self, leg: str) -> None:
        await self._ask("DELETE", f"/legs/{leg}")

    async def remove(self, room: str, participant: str) -> None:
        await self._post("/remove", room=room, participant=participant)

    async def mute(self, room: str, participant: str, kinds: Collection[Kind], *, number: int) -> None:
        await self._post("/mute", room=room, participant=participant, kinds=sorted(kinds), number=number)

    async def close_room(self, room: str) -> None:
        await self._post("/close-room", room=room)

    async def stats(self, room: str) -> Mapping[str, Mapping[str, float]]:
        figures: Mapping[str, Mapping[str, float]] = (await self._ask("GET", "/stats", params={"room": room})).json()
        return figures

    async def load(self) -> Mapping[str, float]:
        """What the whole hub carries; to choose among several."""
        load: Mapping[str, float] = (await self._ask("GET", "/load")).json()
        return load

    async def _post(self, path: str, **asked: Any) -> httpx.Response:
        return await self._ask("POST", path, json=asked)

    async def _ask(self, method: str, path: str, **asked: Any) -> httpx.Response:
        try:
            answer = await self._http.request(method, path, **asked)
        except httpx.TransportError as problem:
            raise HubLost(f"the media hub does not answer: {problem or type(problem).__name__}") from problem
        if answer.is_success:
            return answer
        raise _refusal(answer)


def _leg(answer: httpx.Response) -> Leg:
    leg = answer.json()
    return Leg(leg["id"], leg["answer"])


def _refusal(answer: httpx.Response) -> Exception:
    try:
        words = answer.json()
        name, detail = words.get("error"), words["detail"]
    except (ValueError, KeyError, AttributeError):
        return HubLost(f"the media hub answers {answer.status_code}")
    if name == HubBusy.__name__:
        return HubBusy(detail, words["retry_after_s"])
    if name in _REFUSALS:
        return _REFUSALS[name](detail)
    if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
        return BadOffer(f"the media hub does not take the request: {detail}")
    return HubLost(f"the media hub answers {answer.status_code}: {detail}")
