"""Reading what a WebRTC client offers, and choosing what to answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiortc import RTCRtpSender, RTCSessionDescription
from aiortc.rtcrtpparameters import RTCRtpCodecCapability
from aiortc.sdp import MediaDescription, SessionDescription

from video.engine import Kind
from video.errors import BadOffer

LONGEST_OFFER: Final = 64 * 1024  # characters; a browser's has some 5,000
CODECS: Final[Mapping[Kind, tuple[str, ...]]] = {Kind.VIDEO: ("VP8", "H264"), Kind.AUDIO: ("opus",)}
"""What is passed on, the better first: VP8 lands in WebM as it is and knows no profiles."""

_SENDS: Final = {"sendonly", "sendrecv", None}
_RECEIVES: Final = {"recvonly", "sendrecv", None}


@dataclass(frozen=True, slots=True)
class Section:
    """What an offer says of one kind: its codecs' names, and which way it goes."""

    codecs: frozenset[str]
    sends: bool
    receives: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer that can be answered."""

    description: RTCSessionDescription
    sections: Mapping[Kind, Section]

    def codec(self, kind: Kind, wanted: str | None = None) -> str:
        """The codec to agree on: the wanted one, or the best that is offered.

        Raises:
            BadOffer: the other side has none of those.
        """
        offered = self.sections[kind].codecs
        choice = (wanted,) if wanted else CODECS[kind]
        for name in choice:
            if name.upper() in offered:
                return name
        raise BadOffer(f"the offer has no {' or '.join(choice)} for {kind}, and nothing is converted here")


def read_offer(text: str) -> Offer:
    """Parse an offer.

    Raises:
        BadOffer: it is too long, no SDP, or asks for more than one picture and one sound.
    """
    if len(text) > LONGEST_OFFER:
        raise BadOffer(f"the offer is longer than {LONGEST_OFFER} characters")
    text = _without_names(text)
    try:
        parsed = SessionDescription.parse(text)
    except (ValueError, AssertionError, IndexError, KeyError, AttributeError, TypeError) as problem:
        raise BadOffer("the offer is no SDP that can be read") from problem
    sections: dict[Kind, Section] = {}
    for media in parsed.media:
        if media.kind not in {kind.value for kind in Kind}:
            raise BadOffer(f"only sound and pictures are taken here, not {media.kind}")
        kind = Kind(media.kind)
        if kind in sections:
            raise BadOffer(f"the offer has more than one {kind} section")
        sections[kind] = _section(media)
    if not sections:
        raise BadOffer("the offer has neither sound nor pictures")
    bundled = {mid for group in parsed.group if group.semantic == "BUNDLE" for mid in group.items}
    if len(sections) > 1 and not {media.rtp.muxId for media in parsed.media} <= bundled:
        raise BadOffer("sound and pictures must be bundled on one connection (a=group:BUNDLE)")
    return Offer(RTCSessionDescription(sdp=text, type="offer"), sections)


def preferences(kind: Kind, codec: str) -> list[RTCRtpCodecCapability]:
    """This codec (H.264 in all its profiles) and its retransmissions, for `setCodecPreferences`."""
    names = {f"{kind}/{codec}".lower(), f"{kind}/rtx"}
    capabilities = RTCRtpSender.getCapabilities(kind.value).codecs
    return [capability for capability in capabilities if capability.mimeType.lower() in names]


def asking_for_at_least(answer: str, bitrate: int) -> str:
    """An answer that asks the publisher of pictures never to send less than that (bit/s).

    A browser takes each lost packet for a sign that it sends too much, also those that were sent again: at 10 % loss
    by chance it goes down to 30 kbit/s within a minute, and to a few pictures a second. The parameter is Chromium's;
    others do not know it.
    """
    description = SessionDescription.parse(answer)
    for media in description.media:
        for codec in media.rtp.codecs:
            if codec.name in CODECS[Kind.VIDEO]:
                codec.parameters["x-google-min-bitrate"] = bitrate // 1000
    return str(description)


def _section(media: MediaDescription) -> Section:
    codecs = frozenset(codec.name.upper() for codec in media.rtp.codecs)
    return Section(codecs, sends=media.direction in _SENDS, receives=media.direction in _RECEIVES)


def _without_names(text: str) -> str:
    """Leave out candidates that are multicast names of browsers.

    Asking the neighbourhood for each takes seconds, and the hub has no need to: the browser's first packet shows its
    address.
    """
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not (line.startswith("a=candidate:") and ".local " in line))
