"""What becomes of a frame: known device? readings stored, judged, an alert raised or absorbed; all in one commit.

The gateway (`data.hj212.gateway`) calls `Intake.take` with all that came in meanwhile, and acknowledges what
it accepts.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import RowMapping, or_, select, text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from command.alerts.raising import Fault, raise_or_absorb
from command.alerts.rules import Exceedance, Measured, is_fresh, judge
from command.point_states import Judged, keep_states
from data.hj212.errors import StoreUnavailable
from data.hj212.frame import claimed_mn
from data.hj212.gateway import Arrival, Verdict
from data.hj212.readings import CHINA_STANDARD_TIME, Reading, readings_in
from data.limits.choice import Conditions, limit_for
from data.tables import DataLogger, DischargeLimit, MonitoringPoint
from gis.database import Database

# What belongs to nobody yet is the province's to look at.
_NOBODYS_REGION = "370000"
_WATER_TEMPERATURE = "w01010"
_LONGEST_MN = 64  # more than twice the standard's; what is longer is no device, its frames are quarantined all the same


@dataclass(frozen=True, slots=True)
class _Device:
    """A known logger with its monitoring point."""

    logger_id: int
    password: str | None
    point_id: int
    kind: str
    standard: str | None
    grade: str | None
    region: str
    dialect: str | None


@dataclass
class Intake:
    """Stores batches of arrivals. `fresh_within`: older readings are stored but raise nobody."""

    database: Database
    fresh_within: timedelta

    async def take(self, arrivals: Sequence[Arrival]) -> list[Verdict]:
        """Store a batch in one transaction; one verdict for each, in order."""
        try:
            async with self.database.for_system() as session, session.begin():
                batch = _Batch(self.fresh_within)
                devices = await _devices(session, {mn for one in arrivals if (mn := _mn_of(one))})
                verdicts = [batch.sort(one, devices) for one in arrivals]
                await batch.store(session)
        except (OperationalError, InterfaceError) as error:
            raise StoreUnavailable(str(error)) from error
        return verdicts


@dataclass
class _Batch:
    """One transaction's worth: what to keep, what to quarantine, whom we heard of."""

    fresh_within: timedelta
    readings: dict[tuple[int, str, str, datetime], tuple[Reading, _Device, datetime]] = field(default_factory=dict)
    superseded: list[tuple[Reading, _Device, datetime]] = field(default_factory=list)
    quarantined: list[dict[str, Any]] = field(default_factory=list)
    strangers: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    heard: dict[int, tuple[datetime, str]] = field(default_factory=dict)

    def sort(self, arrival: Arrival, devices: Mapping[str, _Device]) -> Verdict:
        """Decide what one arrival is, and put it where it belongs."""
        frame = arrival.frame
        if frame is None:
            return self._quarantine(arrival, claimed_mn(arrival.raw), f"damaged: {arrival.error}", devices)
        device = devices.get(frame.mn or "")
        if device is None:
            if frame.mn and len(frame.mn) <= _LONGEST_MN:
                self.strangers.setdefault(frame.mn, (arrival.received_at, frame.dialect))
            return self._quarantine(arrival, frame.mn, "no device with this MN is registered", devices)
        if device.password is not None and frame.pw != device.password:
            return self._quarantine(arrival, frame.mn, "the password (PW) is not this device's", devices)
        self.heard[device.logger_id] = (arrival.received_at, frame.dialect)
        found = readings_in(frame, arrival.received_at)
        for problem in found.problems:
            self._quarantine(arrival, frame.mn, f"in part: {problem}", devices)
        for reading in found.readings:
            key = (device.point_id, reading.factor, reading.period, reading.at)
            before = self.readings.get(key)
            if before is not None and before[0].fields != reading.fields:
                self.superseded.append(before)
            self.readings[key] = (reading, device, arrival.received_at)
        return Verdict(True)

    def _quarantine(self, arrival: Arrival, mn: str | None, reason: str, devices: Mapping[str, _Device]) -> Verdict:
        device = devices.get(mn or "")
        self.quarantined.append(
            {
                "received_at": arrival.received_at,
                "mn": mn,
                "peer": arrival.peer,
                "reason": reason[:500],
                "raw": arrival.raw[:8192],
                "region": device.region if device else _NOBODYS_REGION,
            }
        )
        return Verdict(False, reason)

    async def store(self, session: AsyncSession) -> None:
        if self.quarantined:
            await session.execute(_INSERT_QUARANTINED, _columns(self.quarantined))
        if self.strangers:
            await session.execute(
                _INSERT_STRANGERS,
                {
                    "mn": sorted(self.strangers),
                    "at": [self.strangers[mn][0] for mn in sorted(self.strangers)],
                    "dialect": [self.strangers[mn][1] for mn in sorted(self.strangers)],
                },
            )
        if self.heard:
            ids = sorted(self.heard)
            await session.execute(
                _HEARD,
                {"id": ids, "at": [self.heard[i][0] for i in ids], "dialect": [self.heard[i][1] for i in ids]},
            )
        if self.readings:
            changed = await session.execute(
                _STORE_READINGS,
                {
                    "readings": _rows(self.readings[key] for key in sorted(self.readings)),
                    "superseded": _rows(self.superseded),
                },
            )
            await self._judge(session, [tuple(row) for row in changed])

    async def _judge(self, session: AsyncSession, changed: Sequence[tuple[Any, ...]]) -> None:
        """Judge what is new or says something new: a packet that a logger merely repeats counts once."""
        now = datetime.now(UTC)
        fresh = [
            (reading, device)
            for reading, device, _ in (
                self.readings[point, factor, period, at] for point, factor, period, at in changed
            )
            if is_fresh(_measured(reading), now=now, within=self.fresh_within)
        ]
        if not fresh:
            return
        limits = await _limits(session, fresh)
        judged = [self._judged(reading, device, limits) for reading, device in fresh]
        await keep_states(session, judged)
        faults = [_fault(one, one.exceedance) for one in judged if one.exceedance is not None]
        # In the order of the unique index, so that two intake processes cannot wait for each other.
        for fault in sorted(faults, key=lambda one: (one.point_id, one.factor, one.at)):
            await raise_or_absorb(session, fault)

    def _judged(self, reading: Reading, device: _Device, limits: "_Limits") -> Judged:
        measured = _measured(reading)
        candidates = limits.concerning(reading.factor, device)
        day = reading.at.astimezone(CHINA_STANDARD_TIME).date()
        conditions = Conditions(water_temperature=self._water_temperature(reading, device))

        def limit_of(period: str) -> DischargeLimit | None:
            return limit_for(
                candidates,
                reading.factor,
                period,
                day,
                point_id=device.point_id,
                standard=device.standard,
                grade=device.grade,
                conditions=conditions,
            )

        return Judged(
            point_id=device.point_id,
            point_kind=device.kind,
            region=device.region,
            measured=measured,
            exceedance=judge(measured, limit_of) if candidates else None,
            limited=bool(candidates),
        )

    def _water_temperature(self, reading: Reading, device: _Device) -> float | None:
        found = self.readings.get((device.point_id, _WATER_TEMPERATURE, reading.period, reading.at))
        return found[0].value if found else None


def _fault(judged: Judged, exceedance: Exceedance) -> Fault:
    return Fault(
        point_id=judged.point_id,
        point_kind=judged.point_kind,
        region=judged.region,
        factor=judged.measured.factor,
        period=judged.measured.period,
        at=judged.measured.at,
        exceedance=exceedance,
    )


def _mn_of(arrival: Arrival) -> str | None:
    """The device that an arrival names; a damaged one is believed as far as whose desk should look at it."""
    return arrival.frame.mn if arrival.frame else claimed_mn(arrival.raw)


def _measured(reading: Reading) -> Measured:
    # Stacks are judged by the value at reference oxygen (折算) where the device sends it.
    value = reading.converted if reading.converted is not None else reading.value
    return Measured(reading.factor, reading.period, reading.at, value, reading.flag)


async def _devices(session: AsyncSession, mns: set[str]) -> dict[str, _Device]:
    """Known, active loggers by MN; asked for each batch, so that a new or withdrawn device counts at once."""
    rows = await session.execute(
        select(
            DataLogger.mn,
            DataLogger.id.label("logger_id"),
            DataLogger.password,
            DataLogger.dialect,
            MonitoringPoint.id.label("point_id"),
            MonitoringPoint.kind,
            MonitoringPoint.standard,
            MonitoringPoint.grade,
            MonitoringPoint.region,
        )
        .join(MonitoringPoint, MonitoringPoint.id == DataLogger.point_id)
        .where(DataLogger.mn.in_(mns), DataLogger.state == "active")
    )
    return {row["mn"]: _device(row) for row in rows.mappings()}


def _device(row: RowMapping) -> _Device:
    return _Device(**{name: row[name] for name in _Device.__slots__})


class _Limits:
    """Limits by factor and by whom they are for, so that a reading is held against its own few and not against all."""

    def __init__(self, rows: Iterable[DischargeLimit]) -> None:
        self._rows: dict[tuple[str, object], list[DischargeLimit]] = defaultdict(list)
        for row in rows:
            whose = (row.standard, row.grade) if row.point_id is None else row.point_id
            self._rows[row.factor, whose].append(row)

    def concerning(self, factor: str, device: _Device) -> list[DischargeLimit]:
        own = self._rows.get((factor, device.point_id), [])
        return own + self._rows.get((factor, (device.standard, device.grade)), [])


async def _limits(session: AsyncSession, fresh: Sequence[tuple[Reading, _Device]]) -> _Limits:
    """The limits that may concern these readings: of their points, and of their points' standards."""
    query = select(DischargeLimit).where(
        DischargeLimit.factor.in_({reading.factor for reading, _ in fresh}),
        or_(
            DischargeLimit.point_id.in_({device.point_id for _, device in fresh}),
            DischargeLimit.point_id.is_(None)
            & DischargeLimit.standard.in_({device.standard for _, device in fresh if device.standard}),
        ),
    )
    return _Limits(await session.scalars(query))


def _row(reading: Reading, device: _Device, received_at: datetime) -> dict[str, Any]:
    return {
        "point_id": device.point_id,
        "factor": reading.factor,
        "period": reading.period,
        "at": reading.at,
        "value": reading.value,
        "converted": reading.converted,
        "flag": reading.flag,
        "fields": dict(reading.fields),
        "received_at": received_at,
        "region": device.region,
    }


def _rows(readings: Iterable[tuple[Reading, _Device, datetime]]) -> str:
    # One JSON text: the driver would look at every element of ten arrays, several times as long as storing them takes.
    return orjson.dumps([_row(*one) for one in readings]).decode()


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


_INSERT_QUARANTINED = text("""
    INSERT INTO quarantined_frame (received_at, mn, peer, reason, raw, region)
    SELECT * FROM unnest(CAST(:received_at AS timestamptz[]), CAST(:mn AS text[]), CAST(:peer AS text[]),
                         CAST(:reason AS text[]), CAST(:raw AS bytea[]), CAST(:region AS text[]))
""")

_INSERT_STRANGERS = text("""
    INSERT INTO data_logger (mn, state, quarantine_reason, dialect, region, first_seen_at, last_seen_at)
    SELECT mn, 'quarantined', 'no device with this MN is registered', dialect, '370000', at, at
    FROM unnest(CAST(:mn AS text[]), CAST(:at AS timestamptz[]), CAST(:dialect AS text[])) AS f (mn, at, dialect)
    ON CONFLICT (mn) DO UPDATE SET last_seen_at = excluded.last_seen_at, dialect = excluded.dialect
""")

_HEARD = text("""
    UPDATE data_logger SET last_seen_at = f.at, dialect = f.dialect,
                           first_seen_at = coalesce(data_logger.first_seen_at, f.at)
    FROM unnest(CAST(:id AS bigint[]), CAST(:at AS timestamptz[]), CAST(:dialect AS text[])) AS f (id, at, dialect)
    WHERE data_logger.id = f.id
""")

_COLUMNS = "point_id, factor, period, at, value, converted, flag, fields, received_at, region"

_TYPED = """(point_id bigint, factor text, period text, at timestamptz, value float8, converted float8, flag text,
             fields jsonb, received_at timestamptz, region text)"""

# A resent packet says the same and leaves no trace; a corrected one keeps what it replaces. What one batch says and
# takes back never was in the table; it is history all the same. All parts see the table as it was before.
_STORE_READINGS = text(f"""
    WITH f AS MATERIALIZED (SELECT * FROM json_to_recordset(CAST(:readings AS json)) AS r {_TYPED}),
    replaced AS (
        INSERT INTO reading_revision ({_COLUMNS})
        SELECT r.point_id, r.factor, r.period, r.at, r.value, r.converted, r.flag, r.fields, r.received_at, r.region
        FROM f JOIN reading r USING (point_id, factor, period, at)
        WHERE r.fields IS DISTINCT FROM f.fields
    ),
    taken_back AS (
        INSERT INTO reading_revision ({_COLUMNS})
        SELECT {_COLUMNS} FROM json_to_recordset(CAST(:superseded AS json)) AS r {_TYPED}
    )
    INSERT INTO reading ({_COLUMNS})
    SELECT {_COLUMNS} FROM f
    ON CONFLICT (point_id, factor, period, at) DO UPDATE SET
        value = excluded.value, converted = excluded.converted, flag = excluded.flag, fields = excluded.fields,
        received_at = excluded.received_at, region = excluded.region
    WHERE reading.fields IS DISTINCT FROM excluded.fields
    RETURNING point_id, factor, period, at
""")  # noqa: S608 - put together from our own constants
