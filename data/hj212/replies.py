"""What we answer a logger: 9014 to data, 9013 to a notice (HJ 212-2017, 6.5; HJ/T 212-2005 for the old form).

Send it only when the frame is safely stored: a device takes it as leave to forget what it sent.
"""

from data.hj212.frame import VERSION_BITS, Frame

SYSTEM_INTERACTION = "91"
DATA_ACK = "9014"
NOTICE_ACK = "9013"
HEARTBEAT = "9015"

NOTICES = frozenset({"1013", "2081", "2072", HEARTBEAT})
"""Ask for the time, logger restarted, alarm event (2005), heartbeat (2025)."""


def acknowledgement(frame: Frame) -> Frame | None:
    """Return the answer that a frame wants, None when it wants none.

    Wanted by bit A of the Flag; a heartbeat is always answered, since its sender takes silence for a dead line. Answers
    (9011 … 9014) are never answered, whatever their Flag says: two ends that acknowledge acknowledgements never stop.
    """
    if frame.cn == HEARTBEAT:
        return _answer(frame, NOTICE_ACK)
    if not frame.ack_wanted or frame.cn.startswith("9"):
        return None
    return _answer(frame, NOTICE_ACK if frame.cn in NOTICES else DATA_ACK)


def _answer(frame: Frame, cn: str) -> Frame:
    if frame.dialect == "2005":
        return Frame(cn=cn, st=SYSTEM_INTERACTION, cp=_named_inside(frame), encoding=frame.encoding)
    flag = 8 if frame.flag is None else frame.flag & VERSION_BITS
    return Frame(
        cn=cn,
        qn=frame.qn,
        st=SYSTEM_INTERACTION,
        pw=frame.pw,
        mn=frame.mn,
        flag=flag,
        encoding=frame.encoding,
    )


def _named_inside(frame: Frame) -> str:
    """In 2005 the answer's CP says which frame it is about; the header has no QN and no Flag."""
    named = {"QN": frame.qn, "CN": frame.cn, "PNUM": frame.pnum, "PNO": frame.pno}
    return ";".join(f"{name}={text}" for name, text in named.items() if text is not None)
