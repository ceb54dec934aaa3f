"""When a frame was made, on the server's clock."""

from typing import Final

_WRAPS = 1 << 32
_AHEAD_S: Final = 2.0  # nothing arrives before it is made: so far ahead is another numbering
_BEHIND_S: Final = 30.0  # a network may hold packets for long, but not for so long


class TrackClock:
    """Turns RTP ticks of one track into seconds of the server's clock.

    The frame that took least time on its way tells best when the others were made. A segment keeps one anchor from its
    beginning to its end, so that its frames lie as the sender spaced them; between segments the anchor follows, so that
    a sender's clock that runs fast or slow is never off by more than what a segment gathers.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._last: int | None = None
        self._unwrapped = 0
        self._anchor_s: float | None = None
        self._least_s: float | None = None

    def take(self, timestamp: int, arrived_s: float) -> bool:
        """Note a frame; returns whether it goes on from those before, False when the numbering began anew."""
        if self._last is None:
            self._unwrapped = timestamp
        else:
            step = (timestamp - self._last) % _WRAPS
            self._unwrapped += step if step < _WRAPS // 2 else step - _WRAPS
        self._last = timestamp
        offset = arrived_s - self._unwrapped / self._rate
        goes_on = self._anchor_s is None or -_AHEAD_S <= offset - self._anchor_s <= _BEHIND_S
        if not goes_on:
            self._anchor_s = self._least_s = None
        self._least_s = offset if self._least_s is None else min(self._least_s, offset)
        if self._anchor_s is None:
            self._anchor_s = self._least_s
        return goes_on

    def settle(self) -> None:
        """Take the quickest frame since the last time as the anchor: at the beginning of a segment."""
        if self._least_s is not None:
            self._anchor_s, self._least_s = self._least_s, None

    def at_s(self, timestamp: int) -> float:
        """When a frame that was taken just now, or lately, was made."""
        if self._last is None or self._anchor_s is None:
            raise ValueError("no frame was taken yet")
        step = (timestamp - self._last) % _WRAPS
        ticks = self._unwrapped + (step if step < _WRAPS // 2 else step - _WRAPS)
        return self._anchor_s + ticks / self._rate
