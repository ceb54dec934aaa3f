"""Where in a stream of RTP payloads a decoder can begin."""

from typing import Final

_H264_IDR: Final = 5  # RFC 6184 and H.264 table 7-1: kinds of NAL units
_H264_SPS: Final = 7
_H264_STAP_A: Final = 24
_H264_FU_A: Final = 28
_H264_FU_START: Final = 0x80


def begins_key_frame(codec: str, payload: bytes) -> bool:
    """Whether this payload is the first of a picture that needs no earlier one. Damaged payloads are none."""
    match codec.upper():
        case "VP8":
            return _vp8(payload)
        case "H264":
            return _h264(payload)
        case _:
            return True


def _vp8(payload: bytes) -> bool:
    """RFC 7741: the descriptor says whether a frame starts here, the frame's first bit whether it is a key frame."""
    if not payload or payload[0] & 0x1F != 0x10:  # start of the first partition
        return False
    at = 1
    if payload[0] & 0x80 and len(payload) > 1:  # extended
        extension = payload[1]
        at = 2
        if extension & 0x80:  # picture id, of one byte or two
            at += 2 if len(payload) > at and payload[at] & 0x80 else 1
        at += bool(extension & 0x40) + bool(extension & 0x30)
    return len(payload) > at and payload[at] & 0x01 == 0


def _h264(payload: bytes) -> bool:
    if not payload:
        return False
    unit = payload[0] & 0x1F
    if unit == _H264_STAP_A:
        return any(kind in {_H264_IDR, _H264_SPS} for kind in _aggregated(payload))
    if unit == _H264_FU_A and len(payload) > 1:
        return bool(payload[1] & _H264_FU_START) and payload[1] & 0x1F == _H264_IDR
    return unit in {_H264_IDR, _H264_SPS}


def _aggregated(payload: bytes) -> list[int]:
    kinds = []
    at = 1
    while at + 2 < len(payload):
        kinds.append(payload[at + 2] & 0x1F)
        at += 2 + int.from_bytes(payload[at : at + 2], "big")
    return kinds
