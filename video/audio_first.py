"""When a network is too poor for pictures and sound, sound goes on alone; pictures come back by themselves."""

from collections import deque
from collections.abc import Callable
from typing import Final

POOR: Final = 0.2  # share of packets lost; at 10 % retransmissions still bring 7-13 pictures a second
GOOD: Final = 0.05
IN_ROW: Final = 3  # reports, which come about once a second
FRESH_S: Final = 6.0
FIRST_WAIT_S: Final = 8.0
LONGEST_WAIT_S: Final = 60.0
RELAPSE_S: Final = 30.0


class AudioFirst:
    """Judges one direction of one connection by what its receiver says it lost."""

    def __init__(self) -> None:
        self.paused = False
        self._pictures: deque[tuple[float, float]] = deque(maxlen=IN_ROW)  # when, share lost
        self._sound: deque[tuple[float, float]] = deque(maxlen=IN_ROW)
        self._wait_s = FIRST_WAIT_S
        self._paused_at = float("-inf")
        self._back_at = float("-inf")

    def pictures_lost(self, share: float, now: float) -> None:
        self._pictures.append((now, share))

    def sound_lost(self, share: float, now: float) -> None:
        self._sound.append((now, share))

    def look(self, now: float) -> bool | None:
        """True to pause the pictures now, False to let them come back now, None to leave things as they are."""
        if self.paused:
            if now - self._paused_at >= self._wait_s and _all(self._sound, now, lambda share: share <= GOOD):
                self.paused = False
                self._back_at = now
                self._pictures.clear()
                return False
        elif _all(self._pictures, now, lambda share: share >= POOR) and self._sound:
            # One that is poor again as soon as pictures are back waits longer each time.
            relapse = now - self._back_at < RELAPSE_S
            self._wait_s = min(self._wait_s * 2, LONGEST_WAIT_S) if relapse else FIRST_WAIT_S
            self.paused = True
            self._paused_at = now
            self._sound.clear()
            return True
        return None


def _all(reports: deque[tuple[float, float]], now: float, so: Callable[[float], bool]) -> bool:
    fresh = [share for at, share in reports if now - at <= FRESH_S]
    return len(fresh) == IN_ROW and all(map(so, fresh))
