"""When a network is too poor for pictures and sound, sound goes on alone; pictures come back by themselves."""

from collections import deque
from typing import Final

POOR: Final = 0.2  # share of packets lost; at 10 % retransmissions still bring 7-13 pictures a second
GOOD: Final = 0.12  # of sound, which is not sent again: more than a tenth, at which pictures are still of use
POOR_FOR_S: Final = 8.0
POOR_REPORTS: Final = 3  # at least so many of them poor: one hole in an otherwise good network is none
GOOD_FOR_S: Final = 12.0  # browsers report on sound each 5 s
GOOD_PACKETS: Final = 150  # 3 s of sound
FIRST_WAIT_S: Final = 8.0
LONGEST_WAIT_S: Final = 60.0
RELAPSE_S: Final = 30.0


class Losses:
    """What was reported lost in the last seconds.

    Each report counts by the packets that it covers: one of five packets says next to nothing, and some browsers report
    often on few, others seldom on many.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._reports: deque[tuple[float, float, int]] = deque()  # when, share lost, packets

    def add(self, share: float, packets: int, now: float) -> None:
        self._reports.append((now, share, packets))
        self._forget(now)

    def clear(self) -> None:
        self._reports.clear()

    def seen(self, now: float) -> tuple[float, int, int]:
        """The share lost, of how many packets, and how many reports say so much or more than `POOR`."""
        self._forget(now)
        packets = sum(covered for _, _, covered in self._reports)
        lost = sum(share * covered for _, share, covered in self._reports)
        return (lost / packets if packets else 0.0), packets, sum(share >= POOR for _, share, _ in self._reports)

    def _forget(self, now: float) -> None:
        while self._reports and now - self._reports[0][0] > self._seconds:
            self._reports.popleft()


class AudioFirst:
    """Judges one direction of one connection by what its receiver says it lost."""

    def __init__(self) -> None:
        self.paused = False
        self._pictures = Losses(POOR_FOR_S)
        self._sound = Losses(GOOD_FOR_S)
        self._has_sound = False
        self._wait_s = FIRST_WAIT_S
        self._paused_at = float("-inf")
        self._back_at = float("-inf")

    def pictures_lost(self, share: float, packets: int, now: float) -> None:
        """Of so many packets of pictures this share was lost."""
        self._pictures.add(share, packets, now)

    def sound_lost(self, share: float, packets: int, now: float) -> None:
        """Of so many packets of sound this share was lost."""
        self._has_sound = True
        self._sound.add(share, packets, now)

    def look(self, now: float) -> bool | None:
        """True to pause the pictures now, False to let them come back now, None to leave things as they are."""
        if self.paused:
            lost, packets, _ = self._sound.seen(now)
            if now - self._paused_at >= self._wait_s and packets >= GOOD_PACKETS and lost <= GOOD:
                self.paused = False
                self._back_at = now
                self._pictures.clear()
                return False
        elif self._has_sound:
            lost, _, poor = self._pictures.seen(now)
            if lost >= POOR and poor >= POOR_REPORTS:
                # One that is poor again as soon as pictures are back waits longer each time.
                relapse = now - self._back_at < RELAPSE_S
                self._wait_s = min(self._wait_s * 2, LONGEST_WAIT_S) if relapse else FIRST_WAIT_S
                self.paused = True
                self._paused_at = now
                self._sound.clear()
                return True
        return None
