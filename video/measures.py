"""Figures of a leg: what passes through it, and what its other side says it missed."""

from aiortc.stats import RTCInboundRtpStreamStats, RTCRemoteInboundRtpStreamStats

from video.engine import Kind
from video.forwarding import Sink, Source
from video.legs import Connection, Publication, Rate, Viewing

COUNT_EACH_S = 1.0


def count(leg: Connection, now: float) -> None:
    """Frames and bits a second, once a second."""
    for kind, track in _tracks(leg):
        rate = leg.rates.setdefault(kind, Rate(now, track.frames, track.octets))
        if now - rate.at >= COUNT_EACH_S:
            rate.look(now, track.frames, track.octets)


async def leg_figures(leg: Connection) -> dict[str, float]:
    """`fps`, `bitrate` (bit/s), `lost` (packets), `dropped` (frames) and so on; those of sound with `audio_` before.

    `rtt_ms` is there once the other side has reported; `generation` is the publication's.
    """
    figures: dict[str, float] = {"connected": float(leg.connected)}
    if isinstance(leg, Publication | Viewing):
        figures["generation"] = leg.generation
    for kind, track in _tracks(leg):
        before = "" if kind is Kind.VIDEO else f"{kind}_"
        if rate := leg.rates.get(kind):
            figures |= {f"{before}fps": rate.fps, f"{before}bitrate": rate.bitrate}
        match track:
            case Source():
                figures |= {f"{before}holes": track.lost, f"{before}key_frames_asked": track.asked}
            case Sink():
                figures |= {f"{before}dropped": track.dropped, f"{before}waiting": track.waiting()}
    for transceiver in leg.peer.getTransceivers():
        before = "" if transceiver.kind == Kind.VIDEO else f"{transceiver.kind}_"
        reports = await (transceiver.receiver if isinstance(leg, Publication) else transceiver.sender).getStats()
        for report in reports.values():
            match report:
                case RTCInboundRtpStreamStats():
                    lost = (
                        figures.get(f"{before}lost", 0.0) + report.packetsLost
                    )  # of the stream and of its resent packets
                    figures[f"{before}lost"] = lost
                case RTCRemoteInboundRtpStreamStats():
                    figures[f"{before}lost"] = report.packetsLost
                    if report.roundTripTime is not None:
                        figures["rtt_ms"] = report.roundTripTime * 1000
    return figures


def _tracks(leg: Connection) -> list[tuple[Kind, Source | Sink]]:
    match leg:
        case Publication():
            return list(leg.sources.items())
        case Viewing():
            return list(leg.sinks.items())
    return []
