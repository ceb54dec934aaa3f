"""Administrative regions by GB/T 2260 code."""

from datetime import datetime

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, String, func
from sqlalchemy.orm import Mapped, mapped_column

from gis.database import Base


class RegionRow(Base):
    """A province, city or county with its boundary (WGS84; CGCS2000 taken as equal, see docs/decisions)."""

    __tablename__ = "region"

    adcode: Mapped[str] = mapped_column(String(6, collation="C"), primary_key=True)
    name: Mapped[str]
    level: Mapped[str]
    parent: Mapped[str | None] = mapped_column(ForeignKey("region.adcode"))
    geom: Mapped[WKBElement] = mapped_column(Geometry("MULTIPOLYGON", srid=4326))
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint("level IN ('province', 'city', 'county')", name="level"),
        CheckConstraint("adcode ~ '^[0-9]{6}$'", name="adcode"),
    )


class MapCell(Base):
    """An H3 cell of a resolution that maps draw, with its hexagon; written by `gis.cells`, read by tiles only."""

    __tablename__ = "map_cell"

    cell: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    resolution: Mapped[int] = mapped_column(SmallInteger)
    centre: Mapped[WKBElement] = mapped_column(Geometry("POINT", srid=4326, spatial_index=False))
    outline: Mapped[WKBElement] = mapped_column(Geometry("POLYGON", srid=4326, spatial_index=False))

    __table_args__ = (Index(None, "outline", postgresql_using="gist"),)
