"""Which layers changed, told to the screens that draw them: a frame without a number, at most a few times a second."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

from command.events.feed import LiveFeed

CHANNEL, TOPIC = "onemap_layer", "layers"
ANY_LAYER = "* 0"  # heard when the link to the database was lost: each of them may have changed
_TOGETHER_S = 0.2  # an import commits in many steps; a map need not draw each


@dataclass
class LayerChanges:
    """Gathers announcements (`layer version`) and passes the newest of each layer on.

    That something changed is told to everybody; what changed they learn from the tiles, which show only their own.
    """

    feed: LiveFeed
    _newest: dict[str, int] = field(default_factory=dict)
    _waiting: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, announcement: str) -> None:
        """Take in what the database announced."""
        layer, _, version = announcement.partition(" ")
        self._newest[layer] = max(int(version), self._newest.get(layer, 0))
        self._waiting.set()

    async def tell(self) -> None:
        """Pass on what was heard, for ever."""
        while True:
            await self._waiting.wait()
            self._waiting.clear()
            changed, self._newest = self._newest, {}
            at = datetime.now(UTC).isoformat()
            for layer, version in changed.items():
                frame = {"kind": "layers.changed", "at": at, "data": {"layer": layer, "version": version}}
                self.feed.say(TOPIC, frame)
            await asyncio.sleep(_TOGETHER_S)
