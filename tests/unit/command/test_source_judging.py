"""When a source counts as stopped; the clock is handed in."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from command.sources.areas import areas_of, outermost
from command.sources.judging import FLOOR_S, LEARNED_AFTER, Heard, Known, allowed_s, judge
from command.sources.watching import tidings

BEGAN = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def watched(arrivals: list[float], *, until: float, expected: int = 5, known: Known | None = None) -> list[Known]:
    """What is known at each look, once a second; arrivals in seconds from the beginning."""
    known, looks = known or Known(), []
    for second in range(int(until) + 1):
        come = [one for one in arrivals if one <= second]
        known = judge(known, Heard(after(max(come)) if come else None, expected), after(second))
        looks.append(known)
    return looks


@given(st.lists(st.floats(min_value=0.7, max_value=1.0), min_size=30, max_size=60), st.floats(1.0, 40.0))
def test_a_source_that_reports_as_usual_is_never_called_stopped(shares: list[float], every_s: float) -> None:
    at, arrivals = 0.0, []
    for share in shares:
        at += share * every_s
        arrivals.append(at)
    assert all(one.state != "stopped" for one in watched(arrivals, until=at))


@given(st.floats(min_value=0.4, max_value=3.0), st.integers(40, 60))
def test_a_busy_source_that_stops_is_known_to_have_stopped_within_ten_seconds(every_s: float, reports: int) -> None:
    arrivals = [n * every_s for n in range(reports)]
    looks = watched(arrivals, until=arrivals[-1] + 10)
    assert looks[-1].state == "stopped"
    assert looks[-1].stopped_since == looks[-1].last_at == after(arrivals[-1])
    assert all(one.state != "stopped" for one in looks[: int(arrivals[-1]) + 1])


def test_an_analyser_that_reports_every_two_hours_is_given_its_time() -> None:
    known = Known()
    for n in range(LEARNED_AFTER + 3):
        known = judge(known, Heard(after(n * 7200), 1), after(n * 7200))
    last = (LEARNED_AFTER + 2) * 7200
    assert judge(known, Heard(after(last), 1), after(last + 7200 * 1.9)).state == "live"
    assert judge(known, Heard(after(last), 1), after(last + 7200 * 2.1)).state == "stopped"


def test_a_source_that_comes_back_is_live_at_once_and_its_loss_has_taught_it_little() -> None:
    arrivals = [float(n) for n in range(40)] + [100.0 + n for n in range(5)]
    looks = watched(arrivals, until=104)
    assert {one.state for one in looks[47:100]} == {"stopped"}
    assert len({one.stopped_since for one in looks[47:100]}) == 1
    assert looks[100].state == "live"
    assert allowed_s(looks[104].expected_every_s or 0) <= 9, "the next loss is seen as soon as this one"


def test_a_source_that_has_become_slower_is_believed_after_a_few_rounds() -> None:
    known = watched([float(n) for n in range(40)], until=39)[-1]
    lost = 0
    for n in range(1, 30):  # now every 20 seconds, looked at just before each arrival
        known = judge(known, Heard(known.last_at, 5), after(39 + n * 20 - 1))
        lost += known.state == "stopped"
        known = judge(known, Heard(after(39 + n * 20), 5), after(39 + n * 20))
    assert 1 <= lost <= 8
    assert known.state == "live"


def test_nobody_on_duty_is_idle_and_the_morning_shift_is_given_time() -> None:
    known = watched([float(n) for n in range(40)], until=39)[-1]
    night = judge(known, Heard(known.last_at, 0), after(60))
    assert (night.state, night.stopped_since) == ("idle", None)
    morning = judge(night, Heard(night.last_at, 5), after(40_000))
    assert morning.state == "live", "the silence of the night is no loss"
    assert judge(morning, Heard(morning.last_at, 5), after(40_000 + 2 * FLOOR_S)).state == "stopped"


def test_few_on_duty_are_given_more_time_than_many() -> None:
    many = watched([n / 2 for n in range(100)], until=50, expected=100)[-1]
    few = judge(many, Heard(many.last_at, 4), after(70))
    assert few.state == "live"
    assert judge(many, Heard(many.last_at, 100), after(70)).state == "stopped"


def test_what_was_never_usual_alarms_nobody() -> None:
    looks = watched([1.0, 3.0, 5.0], until=200)
    assert {one.state for one in looks[2:50]} == {"live"}
    assert looks[-1].state == "idle"
    assert watched([], until=5)[-1] == judge(Known(), Heard(None, 5), after(0))


def test_a_process_that_died_is_a_loss_whatever_was_heard_before() -> None:
    died = judge(Known(), Heard(None, 0, taken_in=False, lost_at=after(3)), after(4))
    assert (died.state, died.stopped_since) == ("stopped", after(3))
    still = judge(died, Heard(None, 0, taken_in=False, lost_at=after(3)), after(9))
    assert still == died, "nothing new is nothing to write"
    assert judge(died, Heard(None, 0, taken_in=True), after(10)).state == "idle"


def test_areas_lie_in_each_other() -> None:
    assert areas_of("370705") == ["370000", "370700", "370705"]
    assert areas_of("370700") == ["370000", "370700"]
    assert areas_of("370000") == ["370000"]
    assert outermost({"370705", "370700", "370102"}) == {"370700", "370102"}


def lost(*areas: str, since: datetime = BEGAN) -> dict[str, Known]:
    live = {area: Known(state="live") for area in ("370000", "370700", "370705", "370704")}
    return live | {area: Known(state="stopped", since=since, stopped_since=since) for area in areas}


def test_a_loss_is_said_of_the_largest_area_and_once() -> None:
    first = tidings(lost("370705"), set(), after(1))
    assert first.said == [], "its city may be about to stop as well"
    assert tidings(lost("370705"), set(), after(3)).said == [("370705", "source.lost")]
    whole = tidings(lost("370000", "370700", "370704", "370705"), {"370705"}, after(4))
    assert whole.said == [("370000", "source.lost")]
    assert whole.told == {"370000"}
    assert tidings(lost("370000", "370700", "370704", "370705"), {"370000"}, after(5)).said == []


def test_a_return_is_said_once_and_of_what_is_still_lost_it_is_said_again() -> None:
    back = tidings(lost("370705"), {"370000"}, after(60))
    assert back.said == [("370000", "source.recovered"), ("370705", "source.lost")]
    assert back.told == {"370705"}
    assert tidings(lost(), {"370705"}, after(61)).said == [("370705", "source.recovered")]
