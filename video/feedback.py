"""What receivers report of a connection, and how much its publisher is told to send.

The second module that reaches into aiortc 1.16, by two more names (`HOOKS`): aiortc uses viewers' bandwidth estimates
only for encoders of its own, and tells a publisher only what arrives here.
"""

from collections.abc import Callable
from typing import Any, Final, Protocol

from aiortc import RTCRtpReceiver, RTCRtpSender
from aiortc.rtp import (
    RTCP_PSFB_APP,
    AnyRtcpPacket,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpSrPacket,
    unpack_remb_fci,
)

HANDLE_RTCP: Final = "_handle_rtcp_packet"
ESTIMATOR: Final = "_RTCRtpReceiver__remote_bitrate_estimator"
_NEW_SEQUENCE: Final = 0x10000  # so many between two reports are another sequence, not that many packets
HOOKS: Final = ((RTCRtpSender, HANDLE_RTCP), (RTCRtpReceiver, ESTIMATOR))


class Reader(Protocol):
    """Whoever wants to know what a viewer reports."""

    def lost(self, share: float, packets: int) -> None:
        """Of so many packets since the report before, this share."""

    def estimated(self, bitrate: int) -> None: ...


class Capped:
    """An estimator of what arrives that says no more than `cap` (bit/s), if there is one."""

    def __init__(self, inner: Any, cap: Callable[[], int | None]) -> None:
        self._inner = inner
        self._cap = cap

    def add(self, **packet: int) -> tuple[int, list[int]] | None:
        estimate: tuple[int, list[int]] | None = self._inner.add(**packet)
        cap = self._cap()
        if estimate is None or cap is None:
            return estimate
        return min(estimate[0], cap), estimate[1]


def cap_estimate(receiver: RTCRtpReceiver, cap: Callable[[], int | None]) -> None:
    """Tell the publisher of this track to send no more than `cap`; sound has no estimate."""
    inner = getattr(receiver, ESTIMATOR)
    if inner is not None:
        setattr(receiver, ESTIMATOR, Capped(inner, cap))


def listen_to(sender: RTCRtpSender, reader: Reader) -> None:
    """Have the reader told what the viewer of this track reports."""
    handle = getattr(sender, HANDLE_RTCP)
    covered: int | None = None  # the highest number of the report before

    async def read(packet: AnyRtcpPacket) -> None:
        nonlocal covered
        if isinstance(packet, RtcpRrPacket | RtcpSrPacket):
            for report in packet.reports:
                if report.ssrc == sender._ssrc:
                    packets = (report.highest_sequence - covered) & 0xFFFFFFFF if covered is not None else 0
                    covered = report.highest_sequence
                    if 0 < packets < _NEW_SEQUENCE:
                        reader.lost(report.fraction_lost / 256, packets)
        elif isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_APP:
            bitrate = _estimate(packet.fci, sender._ssrc)
            if bitrate is not None:
                reader.estimated(bitrate)
        await handle(packet)

    setattr(sender, HANDLE_RTCP, read)


def _estimate(fci: bytes, ssrc: int) -> int | None:
    try:
        bitrate, ssrcs = unpack_remb_fci(fci)
    except ValueError:
        return None
    return bitrate if ssrc in ssrcs else None
