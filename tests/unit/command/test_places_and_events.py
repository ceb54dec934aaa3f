"""The county of a place, the topic of an event, the feed's queues."""

import pytest
from shapely import box

from command.events.feed import QUEUE_LIMIT, Listener
from command.events.log import TOPIC_OF, record_event, topic_of
from command.places import Places
from gis.database import Scope
from gis.errors import OutsideRegions
from gis.regions import RegionIndex

PLACES = Places(
    RegionIndex(
        [
            ("370704", "坊子区", "county", "370700", box(119.3, 36.5, 119.6, 36.8)),
            ("370705", "奎文区", "county", "370700", box(119.0, 36.6, 119.3, 36.8)),
        ]
    )
)


def test_a_place_belongs_to_its_county_and_one_on_the_border_to_the_lower_code() -> None:
    assert PLACES.county(119.1, 36.7) == "370705"
    assert PLACES.county(119.3, 36.7) == "370704"
    assert PLACES.county(119.1, 36.81) == "370705"  # a kilometre off


@pytest.mark.parametrize(("area", "region"), [("37", "370000"), ("3707", "370700"), ("370705", "370705")])
def test_a_place_in_no_county_belongs_to_the_area_of_who_asks(area: str, region: str) -> None:
    with pytest.raises(OutsideRegions):
        PLACES.county(-8.6, 41.1)
    assert PLACES.county_or(-8.6, 41.1, area=area) == region
    assert PLACES.county_or(119.4, 36.7, area=area) == "370704"


@pytest.mark.parametrize(
    ("kind", "topic"),
    [
        ("alert.raised", "alerts"),
        ("assignment.offered", "assignments"),
        ("duty.ended", "officers"),
        ("road.closed", "roads"),
        ("room.opened", "rooms"),
        ("source.lost", "sources"),
    ],
)
def test_every_kind_of_event_has_its_topic(kind: str, topic: str) -> None:
    assert topic_of(kind) == topic
    assert topic in TOPIC_OF.values()


def test_an_unknown_kind_never_reaches_the_log() -> None:
    class NoSession:
        info: dict[str, object] = {}  # noqa: RUF012

    with pytest.raises(KeyError):
        record_event(NoSession(), "alarm.raised", subject="x", region="37", data={})  # type: ignore[arg-type]


def test_a_listener_that_does_not_read_is_cut_off_and_grows_no_further() -> None:
    listener = Listener(Scope("duty", "duty", "37"), frozenset({"alerts"}), 0)
    for _ in range(QUEUE_LIMIT):
        listener.offer(b"{}")
    assert not listener.cut_off.is_set()
    listener.offer(b"{}")
    assert listener.cut_off.is_set()
    assert listener.queue.qsize() == QUEUE_LIMIT
