"""Janus (Debian's package) and its video room, started and spoken to over its WebSocket."""

import asyncio
import itertools
import json
import shutil
from asyncio.subprocess import DEVNULL, Process
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from benchmarks.peers.environment import PeerMissing

BITRATE = 600_000


async def start_janus(folder: Path, port: int) -> Process:
    """Start Janus with the video room alone; its WebSocket is at `port` on loopback."""
    binary = shutil.which("janus")
    if binary is None:
        raise PeerMissing("Janus is not installed (apt install janus)")
    await asyncio.to_thread(_configure, folder, port)
    return await asyncio.create_subprocess_exec(
        binary, "-F", str(folder), stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL
    )


def _configure(folder: Path, port: int) -> None:
    for kind, name in (("plugins", "libjanus_videoroom"), ("transports", "libjanus_websockets")):
        library = next(Path("/usr/lib").glob(f"*/janus/{kind}/{name}.so*"), None)
        if library is None:
            raise PeerMissing(f"Janus has no {name} where Debian puts it (/usr/lib/*/janus/{kind})")
        (folder / kind).mkdir()
        (folder / kind / f"{name}.so").symlink_to(library)
    for kind in ("events", "loggers"):
        (folder / kind).mkdir()
    (folder / "janus.jcfg").write_text(
        f'general: {{ configs_folder = "{folder}" plugins_folder = "{folder}/plugins"'
        f' transports_folder = "{folder}/transports" events_folder = "{folder}/events"'
        f' loggers_folder = "{folder}/loggers" debug_level = 2 }}\n'
        "nat: { full_trickle = false }\nmedia: { }\ncertificates: { }\nplugins: { }\ntransports: { }\n"
    )
    (folder / "janus.plugin.videoroom.jcfg").write_text("general: { }\n")
    (folder / "janus.transport.websockets.jcfg").write_text(
        f'general: {{ json = "compact" ws = true ws_port = {port} ws_ip = "127.0.0.1" wss = false }}\n'
        "admin: { admin_ws = false }\n"
    )


class VideoRoom:
    """One session with Janus; publishers and viewers of one room are its handles."""

    def __init__(self, url: str, room: int) -> None:
        self._url = url
        self._room = room
        self._numbers = itertools.count(1)
        self._replies: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._socket: ClientConnection
        self._session = 0
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        async with asyncio.timeout(20):
            while True:
                try:
                    self._socket = await connect(self._url, subprotocols=[Subprotocol("janus-protocol")], proxy=None)
                    break
                except OSError:
                    await asyncio.sleep(0.2)
        self._tasks = [asyncio.create_task(self._read())]
        self._session = (await self._ask({"janus": "create"}))["data"]["id"]
        self._tasks.append(asyncio.create_task(self._keep_alive()))
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await self._socket.close()

    async def make_room(self, publishers: int) -> None:
        handle = await self._attach()
        await self._say(
            handle,
            {
                "request": "create",
                "room": self._room,
                "publishers": publishers,
                "bitrate": BITRATE,
                "audiocodec": "opus",
                "videocodec": "vp8",
            },
        )

    async def publish(self, feed: int, offer: str) -> str:
        """Publish under the number `feed`; the answer to its offer."""
        handle = await self._attach()
        await self._say(handle, {"request": "join", "ptype": "publisher", "room": self._room, "id": feed})
        said = await self._say(handle, {"request": "publish"}, {"type": "offer", "sdp": offer})
        return str(said["jsep"]["sdp"])

    async def view(self, feed: int) -> tuple[int, str]:
        """Ask to see a feed: a handle, and Janus's own offer."""
        handle = await self._attach()
        streams = [{"feed": feed}]
        said = await self._say(
            handle, {"request": "join", "ptype": "subscriber", "room": self._room, "streams": streams}
        )
        return handle, str(said["jsep"]["sdp"])

    async def start(self, handle: int, answer: str) -> None:
        await self._say(handle, {"request": "start"}, {"type": "answer", "sdp": answer})

    async def _attach(self) -> int:
        said = await self._ask({"janus": "attach", "session_id": self._session, "plugin": "janus.plugin.videoroom"})
        return int(said["data"]["id"])

    async def _say(self, handle: int, body: dict[str, Any], jsep: dict[str, str] | None = None) -> dict[str, Any]:
        words = {"janus": "message", "session_id": self._session, "handle_id": handle, "body": body}
        said = await self._ask(words | ({"jsep": jsep} if jsep else {}))
        data = said["plugindata"]["data"]
        if "error" in data:
            raise RuntimeError(f"Janus: {data['error']}")
        return said

    async def _ask(self, words: dict[str, Any]) -> dict[str, Any]:
        transaction = str(next(self._numbers))
        self._replies[transaction] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps(words | {"transaction": transaction}))
        async with asyncio.timeout(30):
            said = await self._replies[transaction]
        if said["janus"] == "error":
            raise RuntimeError(f"Janus: {said['error']['reason']}")
        return said

    async def _read(self) -> None:
        async for line in self._socket:
            said = json.loads(line)
            waiting = self._replies.get(said.get("transaction", ""))
            if waiting is not None and not waiting.done() and said["janus"] != "ack":
                waiting.set_result(said)

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(20)
            words = {"janus": "keepalive", "session_id": self._session, "transaction": "alive"}
            await self._socket.send(json.dumps(words))
