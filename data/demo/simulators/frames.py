"""What simulated loggers send: uploads of the three dialects of HJ 212."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Literal

from data.hj212.factors import FACTORS
from data.hj212.frame import Frame

Dialect = Literal["2005", "2017", "2025"]
Upload = Literal["2011", "2051", "2061"]  # real-time, minute and hour data

CHINA = timezone(timedelta(hours=8))

_ST = {"outfall": "32", "stack": "31", "ambient_air": "22", "surface_water": "21"}
_FLAG = {"2005": 1, "2017": 5, "2025": 9}  # each asks for an acknowledgement

_FLOW = "w00000"  # L/s
_LITRES_A_CUBIC_METRE = 1000.0


@dataclass(frozen=True, slots=True)
class Sender:
    """Who uploads: the address fields that every frame of a logger carries."""

    mn: str
    password: str
    kind: str
    dialect: Dialect


def upload(
    sender: Sender,
    command: Upload,
    *,
    sent_at: datetime,
    data_at: datetime,
    values: Mapping[str, float],
    converted: Mapping[str, float],
    period_s: float = 0.0,
) -> bytes:
    """Return one frame; `data_at` is the instant of real-time values, or the start of a period (s)."""
    fields = [f"DataTime={data_at.astimezone(CHINA):%Y%m%d%H%M%S}"]
    for code, value in values.items():
        name = _name(code, sender.dialect)
        if name is None:
            continue
        if command == "2011":
            fields.append(_instant(name, value, converted.get(code)))
        else:
            fields.append(_period(name, value, converted.get(code), _amount(code, value, values, period_s)))
    frame = Frame(
        qn=f"{sent_at.astimezone(CHINA):%Y%m%d%H%M%S}{sent_at.microsecond // 1000:03d}",
        st=_ST[sender.kind],
        cn=command,
        pw=sender.password,
        mn=sender.mn,
        flag=_FLAG[sender.dialect],
        cp=";".join(fields),
    )
    return bytes(frame)


def _name(code: str, dialect: Dialect) -> str | None:
    """The code as the dialect writes it; HJ/T 212-2005 has none for what its authors did not measure."""
    if dialect != "2005":
        return code
    factor = FACTORS.get(code)
    return factor.old if factor else None


def _instant(name: str, value: float, converted: float | None) -> str:
    at_reference = "" if converted is None else f"{name}-ZsRtd={converted:g},"
    return f"{name}-Rtd={value:g},{at_reference}{name}-Flag=N"


def _period(name: str, mean: float, converted: float | None, amount: float | None) -> str:
    parts = [f"{name}-Min={mean * 0.97:.4g}", f"{name}-Avg={mean:g}", f"{name}-Max={mean * 1.03:.4g}"]
    if converted is not None:
        parts.append(f"{name}-ZsAvg={converted:g}")
    if amount is not None:
        parts.append(f"{name}-Cou={amount:.4g}")
    return ",".join([*parts, f"{name}-Flag=N"])


def _amount(code: str, mean: float, values: Mapping[str, float], period_s: float) -> float | None:
    """Cubic metres of water, or kilograms of what is in it; None where no flow is measured."""
    flow = values.get(_FLOW)
    if flow is None or code == "w01001":
        return None
    cubic_metres = flow * period_s / _LITRES_A_CUBIC_METRE
    return cubic_metres if code == _FLOW else cubic_metres * mean / 1000.0
