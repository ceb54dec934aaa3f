"""Vector tiles of the prepared network, closed roads marked, so that maps show the very roads that are searched.

`routing.tile_drawing` says what is in them.
"""

import asyncio
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from routing.measure import Ints
from routing.roads import Roads, RoadsState
from routing.tile_drawing import DRAWING, Boxes, TileDrawing
from routing.tile_lines import TileAddress

_AT_ONCE = 2  # a map that opens must not take every thread from a ranking


@dataclass(frozen=True, slots=True)
class _Closed:
    """The stretches closed in one state of the roads."""

    state: RoadsState
    boxes: Boxes

    @classmethod
    def of(cls, state: RoadsState) -> Self:
        return cls(state, Boxes.around(state.network, _closed_shapes(state)))

    def revision(self, tile: TileAddress) -> str:
        """Name what is closed in a tile: a closure changes the tiles that show it and no others."""
        near = self.boxes.touching(tile)
        return hashlib.blake2b(near.tobytes(), digest_size=6).hexdigest() if len(near) else "0"


class TileCache:
    """The tiles asked for last, bounded by their number and bytes. For one thread."""

    def __init__(self, *, most_tiles: int = 2_000, most_bytes: int = 64_000_000) -> None:
        self._most_tiles, self._most_bytes = most_tiles, most_bytes
        self._tiles: OrderedDict[tuple[str, TileAddress], bytes] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._tiles)

    def get(self, version: str, tile: TileAddress) -> bytes | None:
        found = self._tiles.get((version, tile))
        if found is not None:
            self._tiles.move_to_end((version, tile))
        return found

    def put(self, version: str, tile: TileAddress, encoded: bytes) -> None:
        self.bytes += len(encoded) - len(self._tiles.pop((version, tile), b""))
        self._tiles[version, tile] = encoded
        while len(self._tiles) > self._most_tiles or self.bytes > self._most_bytes:
            _, forgotten = self._tiles.popitem(last=False)
            self.bytes -= len(forgotten)


class RoadTiles:
    """The tiles of the roads that are open in this process; the same for everybody, empty while there are none.

    A source of tiles as the map layers want it. What a version of the network needs is worked out at its first tile,
    in a thread.
    """

    def __init__(self, roads: Roads, *, cache: TileCache | None = None) -> None:
        self._roads = roads
        self._cache = cache or TileCache()
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._preparing = threading.Lock()
        self._drawing: TileDrawing | None = None
        self._closed: _Closed | None = None

    async def prepare(self) -> None:
        """Do what the first tile would wait for (compiled code, index); nothing while there are no roads."""
        if self._roads.ready:
            west, south, east, north = self._roads.network.bounds
            middle = TileAddress.at((west + east) / 2, (south + north) / 2, zoom=8)
            await asyncio.to_thread(self._draw, self._roads.state, middle)

    async def tile(
        self,
        session: AsyncSession,  # noqa: ARG002 - roads are not in the database
        z: int,
        x: int,
        y: int,
        filters: Mapping[str, Sequence[str]],  # noqa: ARG002 - the layer has none
    ) -> bytes:
        """Return the tile as the roads are now."""
        if not self._roads.ready:
            return b""
        state, tile = self._roads.state, TileAddress(z, x, y)
        version = self._version(state, tile)
        encoded = self._cache.get(version, tile)
        if encoded is None:
            async with self._turn:
                encoded = await asyncio.to_thread(self._draw, state, tile)
            self._cache.put(version, tile, encoded)
        return encoded

    def etag(self, z: int, x: int, y: int, filters: Mapping[str, Sequence[str]]) -> str | None:  # noqa: ARG002
        """Name the network and what is closed in the tile; None while there are no roads."""
        return self._version(self._roads.state, TileAddress(z, x, y)) if self._roads.ready else None

    def _version(self, state: RoadsState, tile: TileAddress) -> str:
        if self._closed is None or self._closed.state is not state:
            self._closed = _Closed.of(state)
        return f"{DRAWING}-{state.network.version}-{self._closed.revision(tile)}"

    def _draw(self, state: RoadsState, tile: TileAddress) -> bytes:
        with self._preparing:
            if self._drawing is None or self._drawing.network is not state.network:
                self._drawing = TileDrawing(state.network)
            drawing = self._drawing
        return drawing.draw(tile, _closed_shapes(state))


def _closed_shapes(state: RoadsState) -> Ints:
    return np.empty(0, np.int32) if state.blocked is None else state.blocked.shapes
