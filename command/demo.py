"""`./onemap demo`: from nothing to a running product with a demonstration world in it."""

import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from sqlalchemy import create_engine, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from command.access.passwords import hash_password
from command.access.tables import UserAccount
from command.roads import road_store
from command.rooms.tables import Expert
from data.demo.experts import demo_experts
from data.demo.load import load_world
from data.demo.roads import shandong_counties, write_demo_roads
from data.demo.users import DEMO_PASSWORD, demo_users
from data.demo.world import SEED, WorldSize
from data.tables import Officer
from enforcement.demo.load import load_records
from routing.importing import import_roads
from routing.network import FORMAT

Progress = Callable[[str, int, int], None]
"""What is being done, how much of it, of how much."""

SMALL_ROADS = 0.03
_MARKER = f"demo-roads-{FORMAT}.json"


def prepare(url: str, home: Path, *, small: bool, progress: Progress) -> None:
    """Load the demonstration world and its roads, side by side; what is there already is left alone.

    What the world's officers have done since the last start is added every time. `small` makes Weifang only, for
    tests. Raises when either part fails; the other is then complete or untouched.
    """
    roads = None
    if not (home / "roads" / _MARKER).is_file():
        roads = multiprocessing.get_context("spawn").Process(target=make_roads, args=(home, small), name="roads")
        roads.start()
    try:
        load_world(url, WorldSize.weifang() if small else WorldSize(), progress=progress)
        add_users(url)
        add_experts(url)
        load_records(url, seed=SEED, progress=progress)
    finally:
        if roads is not None:
            _await_roads(roads, progress)
    if roads is not None and roads.exitcode != 0:
        raise RuntimeError("the demonstration roads could not be made; the reason stands above")


def make_roads(home: Path, small: bool) -> None:
    """Write the demonstration roads as an OpenStreetMap file and import it, as any other such file."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "demonstration-roads.osm.pbf"
        scale = SMALL_ROADS if small else 1.0
        write_demo_roads(path, counties=shandong_counties(), scale=scale)
        report = import_roads(path, road_store(home))
    about = {"version": report.version, "junctions": report.junctions, "edges": report.edges}
    (home / "roads" / _MARKER).write_text(json.dumps({**about, "seconds": round(time.monotonic() - began, 1)}))


def add_users(url: str) -> None:
    """The demonstration users; those who are there already keep their accounts."""
    engine = create_engine(url)
    with Session(engine) as session, session.begin():
        if session.scalar(select(func.count()).select_from(UserAccount).where(UserAccount.demo)):
            return
        password_hash = hash_password(DEMO_PASSWORD)
        officers = {row.code: row.id for row in session.execute(select(Officer.code, Officer.id))}
        session.execute(
            insert(UserAccount).on_conflict_do_nothing(),
            [
                {
                    "username": user.username,
                    "display_name": user.display_name,
                    "password_hash": password_hash,
                    "role": user.role,
                    "region": user.region,
                    "officer_id": officers[user.officer_code] if user.officer_code else None,
                    "demo": True,
                }
                for user in demo_users(officers)
            ],
        )
    engine.dispose()


def add_experts(url: str) -> None:
    """The demonstration's roster; one that is there already, in whole or in part, is left alone."""
    engine = create_engine(url)
    with Session(engine) as session, session.begin():
        if not session.scalar(select(func.count()).select_from(Expert).where(Expert.demo)):
            session.execute(insert(Expert), [asdict(one) | {"demo": True} for one in demo_experts()])
    engine.dispose()


def has_demo_users(url: str) -> bool:
    """Whether anybody could sign in here with a password that the whole world knows."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return bool(connection.scalar(text("SELECT EXISTS (SELECT FROM user_account WHERE demo)")))
    finally:
        engine.dispose()


def _await_roads(roads: multiprocessing.process.BaseProcess, progress: Progress) -> None:
    began = time.monotonic()
    while roads.is_alive():
        roads.join(1.0)
        progress("preparing the roads", int(time.monotonic() - began), 0)
