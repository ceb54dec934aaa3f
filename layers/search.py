"""One box that finds enterprises, points, people, bases, regions, alerts and coordinates, as the person may see them.

Each kind is one statement that reads some hundred candidates by index; only these are ranked. The session's rights
decide what is found: who may not see people finds none.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import RowMapping, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from gis.coordinates import read_coordinates

MAX_FOUND = 50
_IN_TURN = 3  # of each kind, so that no kind hides the others
_LARGEST_ID = 2**63 - 1

# How well something meets the words, best first.
_EXACT, _BEGINS, _CONTAINS = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that the words may mean; `id` is None for a mere place, `region` where it lies in nobody's area."""

    type: str
    id: int | None
    name: str
    detail: str | None
    lon: float | None
    lat: float | None
    region: str | None


async def search(session: AsyncSession, words: str, *, limit: int) -> list[Found]:
    """Return what `words` may mean, best first: exact names and codes, then beginnings, then parts of names.

    Among equals a few of each kind take turns: places before people before enterprises, shorter names first. A single
    character names too many enterprises to be of use; it finds regions and people.
    """
    place = read_coordinates(words)
    if place is not None:
        return [await _place(session, *place)]
    ranked: list[tuple[tuple[int, int, int, int], Found]] = []
    for order, (kind, statement) in enumerate(_statements(words)):
        rows = await session.execute(statement, _parameters(words, limit))
        ranked += [
            ((row["rank"], nth // _IN_TURN, order, nth), _found(kind, row)) for nth, row in enumerate(rows.mappings())
        ]
    best = {(found.type, found.id): found for _, found in sorted(ranked, key=lambda one: one[0], reverse=True)}
    return list(reversed(best.values()))[:limit]


async def _place(session: AsyncSession, lon: float, lat: float) -> Found:
    row = (await session.execute(_COUNTY, {"lon": lon, "lat": lat})).one_or_none()
    county, adcode = (None, None) if row is None else (row.name, row.adcode)
    return Found("coordinate", None, f"{lon:.6f}, {lat:.6f}", county, lon, lat, adcode)


def _statements(words: str) -> Iterator[tuple[str, TextClause]]:
    """The statements to ask, by kind and in the order of the kinds."""
    yield "region", _REGIONS
    if (number := words.removeprefix("#")).isascii() and number.isdigit() and int(number) <= _LARGEST_ID:
        yield "alert", _ALERT_BY_ID
    if len(words) > 1:
        yield "point", _POINTS
        yield "station", _STATIONS
    yield "officer", _OFFICERS
    if len(words) > 1:
        yield "alert", _ALERTS
        yield "enterprise", _ENTERPRISES


def _parameters(words: str, limit: int) -> dict[str, str | int]:
    escaped = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    number = words.removeprefix("#")
    return {
        "q": words,
        "code": words.upper(),
        "begins": f"{escaped}%",
        "contains": f"%{escaped}%",
        "limit": limit,
        "number": int(number) if number.isascii() and number.isdigit() and int(number) <= _LARGEST_ID else 0,
    }


def _found(kind: str, row: RowMapping) -> Found:
    return Found(kind, row["id"], row["name"], row["detail"], row["lon"], row["lat"], row["region"])


def _rank(*names: str) -> str:
    """How well the best of some texts meets the words, as SQL."""
    exact = " OR ".join(f"lower({name}) = lower(:q)" for name in names)
    begins = " OR ".join(f"{name} ILIKE :begins" for name in names)
    return f"CASE WHEN {exact} THEN {_EXACT} WHEN {begins} THEN {_BEGINS} ELSE {_CONTAINS} END AS rank"


def _holds(column: str) -> str:
    """The condition that a text has the words in it, so that its index of pairs serves."""
    return f"(bigrams({column}) @> bigrams(:q) AND {column} ILIKE :contains)"


def _statement(body: str) -> TextClause:
    # Declared, so that PostgreSQL knows the type of a text that is used in several ways.
    for name in ("q", "code", "begins", "contains"):
        body = body.replace(f":{name}", f"CAST(:{name} AS text)")
    return text(body)


_COUNTY = text("""
    SELECT adcode, name FROM region
    WHERE level = 'county' AND ST_Intersects(geom, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)) ORDER BY adcode LIMIT 1
""")

_REGIONS = _statement(f"""
    SELECT r.adcode::bigint AS id, r.name, up.name AS detail, ST_X(inside.place) AS lon, ST_Y(inside.place) AS lat,
           r.adcode AS region, r.rank
    FROM (SELECT adcode, name, parent, geom, {_rank("name", "adcode")} FROM region
          WHERE name ILIKE :contains OR adcode LIKE :begins ORDER BY rank, adcode LIMIT :limit) r
    LEFT JOIN region up ON up.adcode = r.parent
    CROSS JOIN LATERAL (SELECT ST_PointOnSurface(ST_Simplify(r.geom, 0.002, true)) AS place OFFSET 0) inside
""")

# A candidate by its beginning is never crowded out by those which only contain the words.
_ENTERPRISES = _statement(f"""
    WITH candidate AS (
        (SELECT id FROM enterprise WHERE uscc ~>=~ :code AND uscc ~<~ (:code || '~')
         ORDER BY uscc USING ~<~ LIMIT :limit)
        UNION (SELECT id FROM enterprise WHERE name ~>=~ :q AND name ~<~ (:q || chr(1114111))
               ORDER BY name USING ~<~ LIMIT :limit)
        UNION (SELECT id FROM enterprise WHERE {_holds("name")} LIMIT 200)
    )
    SELECT e.id, e.name, coalesce(e.address, e.uscc) AS detail, ST_X(e.geom) AS lon, ST_Y(e.geom) AS lat, e.region,
           {_rank("e.name", "e.uscc")}
    FROM candidate JOIN enterprise e USING (id) ORDER BY rank, length(e.name), e.id LIMIT :limit
""")

_POINTS = _statement(f"""
    WITH candidate AS (
        (SELECT id, NULL AS mn FROM monitoring_point WHERE {_holds("name")} LIMIT 200)
        UNION ALL (SELECT id, NULL FROM monitoring_point WHERE {_holds("code")} LIMIT 200)
        UNION ALL (SELECT point_id, mn FROM data_logger WHERE point_id IS NOT NULL AND {_holds("mn")} LIMIT 200)
    ), one AS (SELECT id, max(mn) AS mn FROM candidate GROUP BY id)
    SELECT p.id, p.name, concat_ws(' · ', p.code, one.mn, e.name) AS detail,
           ST_X(p.geom) AS lon, ST_Y(p.geom) AS lat, p.region, {_rank("p.name", "p.code", "one.mn")}
    FROM one JOIN monitoring_point p USING (id) LEFT JOIN enterprise e ON e.id = p.enterprise_id
    ORDER BY rank, length(p.name), p.id LIMIT :limit
""")

_STATIONS = _statement(f"""
    SELECT id, name, organisation AS detail, ST_X(geom) AS lon, ST_Y(geom) AS lat, region, {_rank("name", "code")}
    FROM station WHERE name ILIKE :contains OR code ILIKE :begins ORDER BY rank, length(name), id LIMIT :limit
""")

# Off duty nobody is anywhere: the position is not kept.
_OFFICERS = _statement(f"""
    SELECT o.id, o.name, o.organisation AS detail, ST_X(p.geom) AS lon, ST_Y(p.geom) AS lat, o.region,
           {_rank("o.name", "o.code")}
    FROM officer o LEFT JOIN officer_position p ON p.officer_id = o.id AND o.on_duty
    WHERE o.name ILIKE :contains OR o.code ILIKE :begins ORDER BY rank, length(o.name), o.id LIMIT :limit
""")

_ALERT = (
    "SELECT a.id, a.title AS name, r.name AS detail, ST_X(a.geom) AS lon, ST_Y(a.geom) AS lat, a.region, {rank}"
    " FROM alert a LEFT JOIN region r ON r.adcode = a.region"
)
_ALERT_BY_ID = text(f"{_ALERT.format(rank=f'{_EXACT} AS rank')} WHERE a.id = :number")
_ALERTS = _statement(f"""
    {_ALERT.format(rank=_rank("a.title"))}
    WHERE {_holds("a.title")} ORDER BY a.status = 'closed', a.id DESC LIMIT :limit
""")
