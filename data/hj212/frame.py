"""One HJ 212 frame (通讯包): a value that parses and prints itself.

    ## LLLL <data segment> CCCC CR LF        LLLL decimal bytes of the segment, CCCC its CRC in hex (HJ 212-2017, 6.3)

    QN=…;ST=…;CN=…;PW=…;MN=…;Flag=…;[PNUM=…;PNO=…;][RF=…;]CP=&&DataTime=…;w01018-Rtd=51.2,w01018-Flag=N;…&&

Devices in the field bend nearly every rule of this. What can be read without doubt is read, and said in `warnings`;
what could mean two things is refused with a `FrameError`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple, Self

from data.hj212.crc import crc16, modbus_crc16
from data.hj212.errors import FrameError

Dialect = Literal["2005", "2017", "2025"]

ACK_WANTED = 0b01
SPLIT = 0b10
VERSION_BITS = 0b1111_1100

LONGEST_SEGMENT = 1024  # bytes, by the standard; longer ones with a right checksum are read

_BY_VERSION: dict[int, Dialect] = {0: "2005", 1: "2017", 2: "2025"}
_HEADER = {"QN", "ST", "CN", "PW", "MN", "Flag", "PNUM", "PNO", "RF"}
_AS_PRINTED = {name.upper(): name for name in _HEADER}

_HEX4 = re.compile(rb"[0-9A-Fa-f]{4}")
_LOOSE_SHAPE = re.compile(rb"##(\d{1,4})(.*&&)([0-9A-Fa-f]{1,4})", re.DOTALL)
_LENGTH = re.compile(rb"##\d")
_CLAIMED_MN = re.compile(rb"MN=([0-9A-Za-z_\-]{1,64})[;,]")


@dataclass(frozen=True, slots=True)
class Frame:
    """What one frame says. Every text is as sent; None means that the field was not there.

    `cp` is the raw text between `CP=&&` and `&&`; `parameters` (plain fields such as DataTime) and `factors`
    (factor code → field → text, such as w01018 → Rtd → 51.2) are read from it, so the three never disagree.
    Equality is about what is said, not about the encoding, the spelling of the checksum or the warnings.
    """

    cn: str
    qn: str | None = None
    st: str | None = None
    pw: str | None = None
    mn: str | None = None
    flag: int | None = None
    pnum: int | None = None
    pno: int | None = None
    rf: int | None = None
    cp: str = ""
    encoding: str = field(default="utf-8", compare=False)
    parameters: Mapping[str, str] = field(init=False, compare=False, repr=False)
    factors: Mapping[str, Mapping[str, str]] = field(init=False, compare=False, repr=False)
    warnings: tuple[str, ...] = field(default=(), compare=False)
    crc_in_frame: str | None = field(default=None, compare=False)
    """The checksum as sent; None on a frame that was made here."""

    def __post_init__(self) -> None:
        parameters, factors, warnings = _read_cp(self.cp)
        object.__setattr__(self, "parameters", parameters)
        object.__setattr__(self, "factors", factors)
        if warnings:
            object.__setattr__(self, "warnings", self.warnings + tuple(warnings))

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read one frame, with or without its line end.

        Raises
        ------
        FrameError
            And nothing else, whatever the bytes are.
        """
        sealed = _unseal(raw)
        warnings = list(sealed.warnings)
        text, encoding = _as_text(sealed.segment, warnings)
        head, cp = _split_segment(text, warnings)
        header = _read_header(head, warnings)
        cn = header.get("CN")
        if not cn:
            raise FrameError("bad_structure", "the data segment names no command (CN)")
        qn, st, mn = header.get("QN"), header.get("ST"), header.get("MN")
        flag = _number(header, "Flag", warnings)
        pnum, pno = _number(header, "PNUM", warnings), _number(header, "PNO", warnings)
        rf = _number(header, "RF", warnings)
        _remark(warnings, qn=qn, st=st, mn=mn, pw=header.get("PW"), flag=flag, pnum=pnum, pno=pno)
        return cls(
            cn=cn,
            qn=qn,
            st=st,
            pw=header.get("PW"),
            mn=mn,
            flag=flag,
            pnum=pnum,
            pno=pno,
            rf=rf,
            cp=cp,
            encoding=encoding,
            warnings=tuple(warnings),
            crc_in_frame=sealed.crc_in_frame,
        )

    def with_cp(self, cp: str, *notes: str) -> Self:
        """Return the frame with another CP; `notes` join its warnings, those about the old CP go."""
        about_old_cp = len(_read_cp(self.cp)[2])  # they stand last, see __post_init__
        kept = self.warnings[: len(self.warnings) - about_old_cp]
        return replace(self, cp=cp, warnings=(*kept, *notes))

    @property
    def dialect(self) -> Dialect:
        """The version that the Flag claims; without a Flag 2005, unless the frame uses what only 2025 has.

        A claim, not a proof: loggers of 2021 are known to set the bits of 2025. A version after 2025 is read as 2025.
        """
        if self.flag is None:
            return "2025" if self.rf is not None or self.cn == "9015" else "2005"
        return _BY_VERSION.get(self.flag >> 2, "2025")

    @property
    def ack_wanted(self) -> bool:
        """Whether bit A of the Flag asks for an answer; a frame without Flag asks for none."""
        return self.flag is not None and bool(self.flag & ACK_WANTED)

    @property
    def is_piece(self) -> bool:
        """Whether this is one of several sub-packets (分包). Bit D alone says nothing: many set it and send no PNUM."""
        return self.pnum is not None and self.pno is not None and self.pnum > 1

    @property
    def crc_computed(self) -> str:
        """The checksum as four hex digits: of the bytes it came in for a parsed frame, else of the frame as printed."""
        if self.crc_in_frame is not None:
            return self.crc_in_frame.upper().zfill(4)  # a frame is only parsed when the two agree
        return f"{crc16(self._segment()):04X}"

    def __bytes__(self) -> bytes:
        """Print the frame in the standard's order, with the length and checksum that belong to it.

        Raises
        ------
        FrameError
            When a field holds a character that would end it early, or the segment is too long for four digits.
        """
        segment = self._segment()
        if len(segment) > 9999:
            raise FrameError("bad_length", f"a segment of {len(segment)} bytes does not fit four digits; split it")
        return b"##%04d%b%04X\r\n" % (len(segment), segment, crc16(segment))

    def _segment(self) -> bytes:
        pieces = _fields(PNUM=self.pnum, PNO=self.pno)
        if self.dialect == "2005":
            pieces = [f"{text.partition('=')[0]}={int(text.partition('=')[2]):04d}" for text in pieces]
            header = [*_fields(QN=self.qn), *pieces, *self._addresses()]
        else:
            header = [*_fields(QN=self.qn), *self._addresses(), *pieces, *_fields(RF=self.rf)]
        if any(_would_end_early(text) for text in header) or "\0" in self.cp:
            raise FrameError("bad_structure", "a field holds a separator or a line end and cannot be printed")
        try:
            return f"{';'.join(header)};CP=&&{self.cp}&&".encode(self.encoding)
        except UnicodeEncodeError as error:
            raise FrameError("bad_structure", f"the text cannot be written as {self.encoding}") from error

    def _addresses(self) -> list[str]:
        return _fields(ST=self.st, CN=self.cn, PW=self.pw, MN=self.mn, Flag=self.flag)


def claimed_mn(raw: bytes) -> str | None:
    """Return the MN that a damaged frame seems to carry, for the quarantine list only: nothing vouches for it."""
    found = _CLAIMED_MN.search(raw)
    return found[1].decode("ascii") if found else None


class _Sealed(NamedTuple):
    segment: bytes
    crc_in_frame: str
    warnings: tuple[str, ...]


def _unseal(raw: bytes) -> _Sealed:
    """Check length and checksum and return what is between them."""
    body = raw.rstrip(b"\r\n")
    length, segment, seal = body[2:6], body[6:-4], body[-4:]
    fits = body[:2] == b"##" and length.isdigit() and int(length) == len(body) - 10 and bool(_HEX4.fullmatch(seal))
    if fits and int(seal, 16) == crc16(segment):
        long = () if len(segment) <= LONGEST_SEGMENT else (f"segment of {len(segment)} bytes, over {LONGEST_SEGMENT}",)
        text = seal.decode("ascii")
        return _Sealed(segment, text, long if text == text.upper() else (*long, "checksum in lower case"))
    return _unseal_loosely(body)


def _unseal_loosely(body: bytes) -> _Sealed:
    """Find the segment by its closing `&&` when the declared length does not lead to a right checksum."""
    shape = _LOOSE_SHAPE.fullmatch(body)
    if shape is None:
        raise FrameError("bad_structure", _what_is_missing(body))
    digits, segment, seal = shape.groups()
    declared, actual = int(digits), len(segment)
    computed, in_frame = crc16(segment), seal.decode("ascii")
    says = f"length says {declared}, the segment has {actual} bytes"
    if int(seal, 16) != computed:
        modbus = int(seal, 16) == modbus_crc16(segment)
        wrong = f"checksum {in_frame}, computed {computed:04X}"
        if modbus:
            wrong += "; it would be right as CRC-16/MODBUS, which HJ 212 does not use"
        raise FrameError(
            "bad_crc" if declared == actual else "bad_length",
            wrong if declared == actual else f"{says}; {wrong}",
            crc_in_frame=in_frame,
            crc_computed=f"{computed:04X}",
            modbus=modbus,
        )
    warnings = []
    if len(digits) != 4:
        warnings.append(f"length of {len(digits)} digits")
    if declared != actual:
        # Off by one, or counted in characters where Chinese takes several bytes: the checksum vouches for the rest.
        if abs(declared - actual) != 1 and declared not in _lengths_in_characters(segment):
            raise FrameError(
                "bad_length",
                f"{says}; the checksum is right",
                crc_in_frame=in_frame,
                crc_computed=f"{computed:04X}",
            )
        warnings.append(says)
    if len(seal) != 4:
        warnings.append(f"checksum of {len(seal)} digits")
    if in_frame != in_frame.upper():
        warnings.append("checksum in lower case")
    if actual > LONGEST_SEGMENT:
        warnings.append(f"segment of {actual} bytes, over {LONGEST_SEGMENT}")
    return _Sealed(segment, in_frame, tuple(warnings))


def _what_is_missing(body: bytes) -> str:
    if not body.startswith(b"##"):
        return "does not begin with ##"
    if not _LENGTH.match(body):
        return "no length after ##"
    return "does not end with && and a checksum of up to four hex digits; cut short or damaged"


def _lengths_in_characters(segment: bytes) -> set[int]:
    lengths = set()
    for encoding in ("utf-8", "gbk"):
        try:
            lengths.add(len(segment.decode(encoding)))
        except UnicodeDecodeError:
            continue
    return lengths


def _as_text(segment: bytes, warnings: list[str]) -> tuple[str, str]:
    """Return the segment's text and the encoding it was in: UTF-8 by the standard, GBK from old devices."""
    encoding = "utf-8"
    try:
        text = segment.decode("utf-8")
    except UnicodeDecodeError:
        try:
            text = segment.decode("gbk")
            encoding = "gbk"
            warnings.append("text in GBK, not UTF-8")
        except UnicodeDecodeError:
            # One bad byte in a remark must not cost the measurements beside it.
            text = segment.decode("utf-8", errors="backslashreplace")
            warnings.append("text is neither UTF-8 nor GBK; the odd bytes are kept as \\x…")
    if "\0" in text:
        raise FrameError("bad_structure", "a NUL character in the data segment")
    return text, encoding


def _split_segment(text: str, warnings: list[str]) -> tuple[str, str]:
    head, found, cp = text.partition("CP=&&")
    if not found:
        if "CP=" in text:
            raise FrameError("bad_structure", "CP is not wrapped in && and &&")
        warnings.append("no CP")
        return text.removesuffix("&&"), ""
    if not cp.endswith("&&"):
        raise FrameError("bad_structure", "CP does not end with &&")
    return head, cp[:-2]


def _read_header(head: str, warnings: list[str]) -> dict[str, str]:
    if "\n" in head or "\r" in head:
        raise FrameError("bad_structure", "a line end in the header")
    header: dict[str, str] = {}
    for item in head.removesuffix(";").split(";"):
        name, _, text = item.partition("=")
        if name in _HEADER and name not in header and "," not in item:
            header[name] = text
        else:
            _read_odd_header(item, header, warnings)
    return header


def _read_odd_header(item: str, header: dict[str, str], warnings: list[str]) -> None:
    tidy = item.strip(", \t\r\n")
    if tidy != item:
        warnings.append(f"stray characters around {tidy[:40]!r}")
    if not tidy:
        if tidy == item:
            warnings.append("stray ';' in the header")
        return
    name, equals, text = tidy.partition("=")
    standard = _AS_PRINTED.get(name.strip().upper())
    if standard is None or not equals:
        warnings.append(f"unknown header field {name[:40]!r}")
        return
    if standard != name:
        warnings.append(f"{name} for {standard}")
    if standard in header:
        warnings.append(f"{standard} twice, the last one counts")
    header[standard] = text


def _number(header: dict[str, str], name: str, warnings: list[str]) -> int | None:
    text = header.get(name)
    if text is None:
        return None
    if text.isdecimal() and text.isascii() and len(text) <= 6:
        return int(text)
    warnings.append(f"{name} is not a number: {text[:20]!r}")
    return None


def _remark(
    warnings: list[str],
    *,
    qn: str | None,
    st: str | None,
    mn: str | None,
    pw: str | None,
    flag: int | None,
    pnum: int | None,
    pno: int | None,
) -> None:
    """Note what is missing or odd in the header. Uploads of 2005 may have neither QN nor Flag."""
    if qn is None:
        warnings.append("no QN")
    elif len(qn) != 17 or not qn.isdecimal():
        warnings.append(f"QN of {len(qn)} characters, not 17 digits")
    if st is None:
        warnings.append("no ST")
    elif len(st) != 2:
        warnings.append(f"ST {st[:20]!r} is not two characters")
    if not mn:
        warnings.append("no MN")
    if pw == "":
        warnings.append("empty PW")
    if flag is None:
        warnings.append("no Flag")
        split = False
    else:
        split = bool(flag & SPLIT)
        if flag >> 2 not in _BY_VERSION:
            warnings.append(f"Flag {flag} names a version after 2025")
    if split and (pnum is None or pno is None):
        warnings.append("Flag announces PNUM and PNO, which are missing")
    elif not split and (pnum is not None or pno is not None):
        warnings.append("PNUM or PNO without their bit in Flag")


def _read_cp(cp: str) -> tuple[dict[str, str], dict[str, dict[str, str]], list[str]]:
    """Read `name=text` items: those of one factor are joined by commas, factors and plain fields by semicolons."""
    parameters: dict[str, str] = {}
    factors: dict[str, dict[str, str]] = {}
    warnings: list[str] = []
    if not cp:
        return parameters, factors, warnings
    for group in cp.split(";"):
        last: tuple[dict[str, str], str] | None = None
        for item in group.split(","):
            name, equals, text = item.partition("=")
            if not equals or not name:
                _read_odd_item(item, last, warnings)
                continue
            code, _, part = name.partition("-")
            if code and part:
                fields = factors.get(code)
                if fields is None:
                    fields = factors[code] = {}
            else:
                fields, part = parameters, name
            if part in fields:
                warnings.append(f"{name[:40]} twice in CP, the last one counts")
            fields[part] = text
            last = fields, part
    return parameters, factors, warnings


def _read_odd_item(item: str, last: tuple[dict[str, str], str] | None, warnings: list[str]) -> None:
    if not item:
        warnings.append("stray separator in CP")
    elif last is not None and "=" not in item:
        # A comma inside a remark, or a number with a thousands comma: better an unreadable value than a wrong one.
        fields, part = last
        fields[part] += "," + item
        warnings.append(f"a comma inside the value of {part[:40]}")
    else:
        warnings.append(f"not name=value in CP: {item[:40]!r}")


def _fields(**named: str | int | None) -> list[str]:
    return [f"{name}={text}" for name, text in named.items() if text is not None]


def _would_end_early(text: str) -> bool:
    return ";" in text or text.endswith(",") or "CP=" in text or "\r" in text or "\n" in text or "\0" in text
