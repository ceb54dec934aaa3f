"""Who inspected whom and when on a day, and what they found; who was trained: all of it by chance, but the same chance.

A day is drawn from its own seed, so that it comes out the same whether it is drawn alone or with others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from enforcement.demo.days import TEAM, DayPlan
from enforcement.periods import midnight
from enforcement.tables import INSPECTION_KINDS, TRAINING_KINDS, VIOLATIONS

_KIND_SHARES = (0.34, 0.28, 0.18, 0.13, 0.07)
_VIOLATION_SHARES = (0.16, 0.05, 0.03, 0.16, 0.16, 0.22, 0.22)
_CITY_TEAMS = 0.12  # of the inspections are made by the city's own detachment
_RISK_WEIGHT = {"low": 1.0, "medium": 3.0, "high": 9.0}
_KEY_UNIT_WEIGHT = 4.0
_FINDS_SOMETHING = {"low": 0.17, "medium": 0.28, "high": 0.42}
_FINDS_MORE = 0.25  # of those that find something find two things
_AT_NIGHT = 0.03
_DAYS_TO_RECTIFY = (15, 30, 60)

_TRAINS_ON_A_WORKDAY = 0.02  # of the organisations
_FEWEST_TRAINED, _MOST_TRAINED = 4, 24
_TITLES = {
    "regulations": "生态环境法律法规培训",
    "evidence": "现场检查与调查取证培训",
    "monitoring": "自动监控数据核查培训",
    "file_review": "行政处罚案卷评查",
    "competition": "执法大练兵技能比武",
    "emergency": "突发环境事件应急演练",
}


class Unit(NamedTuple):
    """An enterprise that can be inspected."""

    id: int
    region: str
    risk: str
    is_key: bool
    geom: str  # as COPY takes it


class Person(NamedTuple):
    id: int
    region: str
    name: str
    certificate: str


class Place(NamedTuple):
    """A station in which an organisation trains its people; `of` is the organisation's adcode."""

    region: str
    of: str
    organisation: str
    geom: str


class InspectionRow(NamedTuple):
    unit: Unit
    kind: str
    at: datetime
    team: Sequence[Person]
    findings: Sequence[tuple[str, date]]  # what kind, and when to be put right


class TrainingRow(NamedTuple):
    place: Place
    kind: str
    title: str
    at: datetime
    hours: float
    people: Sequence[tuple[Person, float | None]]  # with their score in a competition


@dataclass(frozen=True)
class Staff:
    """Officers by their organisation's adcode."""

    of: dict[str, list[Person]]

    @classmethod
    def of_people(cls, people: Sequence[Person]) -> "Staff":
        found: dict[str, list[Person]] = {}
        for person in people:
            found.setdefault(person.region, []).append(person)
        return cls(found)

    def team(self, county: str, from_city: bool, start: float, size: int) -> list[Person]:
        """Colleagues who go out together, of the county or of its city; none when there are too few."""
        city = f"{county[:4]}00"
        for organisation in (city, county) if from_city else (county, city):
            people = self.of.get(organisation, [])
            if len(people) >= size:
                first = int(start * len(people))
                return [people[(first + n) % len(people)] for n in range(size)]
        return []


class Draw:
    """Draws days over the enterprises, officers and stations that there are."""

    def __init__(self, units: Sequence[Unit], staff: Staff, places: Sequence[Place], seed: int) -> None:
        self._units, self._staff, self._places, self._seed = units, staff, places, seed
        weights = [_RISK_WEIGHT[unit.risk] * (_KEY_UNIT_WEIGHT if unit.is_key else 1.0) for unit in units]
        self._bounds = np.cumsum(weights)

    def inspections(self, plan: DayPlan) -> Iterator[InspectionRow]:
        """Yield the inspections of a day in the order of time, no enterprise twice."""
        random = np.random.default_rng([self._seed, plan.day.toordinal(), 2])
        chosen = self._choose(plan.inspections, random)
        count = len(chosen)
        kinds = random.choice(len(INSPECTION_KINDS), size=count, p=_KIND_SHARES).tolist()
        has_third = random.permutation(np.arange(count) < plan.thirds).tolist()
        chances = random.random((count, 5)).tolist()
        violations = random.choice(len(VIOLATIONS), size=(count, 2), p=_VIOLATION_SHARES).tolist()
        times = _times(plan.day, count, random)
        for i, number in enumerate(chosen.tolist()):
            unit, (city, start, finds, more, term) = self._units[number], chances[i]
            team = self._staff.team(unit.region, city < _CITY_TEAMS, start, TEAM + has_third[i])
            found = (finds < _FINDS_SOMETHING[unit.risk]) * (1 + (more < _FINDS_MORE))
            due = plan.day + timedelta(days=_DAYS_TO_RECTIFY[int(term * len(_DAYS_TO_RECTIFY))])
            findings = [(VIOLATIONS[kind], due) for kind in violations[i][:found]]
            if team:
                yield InspectionRow(unit, INSPECTION_KINDS[kinds[i]], times[i], team, findings)

    def trainings(self, day: date) -> Iterator[TrainingRow]:
        """Yield the training sessions of a day."""
        if day.weekday() >= 5:
            return
        random = np.random.default_rng([self._seed, day.toordinal(), 3])
        for place, chance in zip(self._places, random.random(len(self._places)).tolist(), strict=True):
            people = self._staff.of.get(place.of, [])
            if chance >= _TRAINS_ON_A_WORKDAY or not people:
                continue
            kind = TRAINING_KINDS[int(random.integers(len(TRAINING_KINDS)))]
            many = min(int(random.integers(_FEWEST_TRAINED, _MOST_TRAINED + 1)), len(people))
            chosen = random.choice(len(people), size=many, replace=False).tolist()
            scores = np.clip(random.normal(82, 8, many), 40, 100).round(1).tolist()
            yield TrainingRow(
                place,
                kind,
                f"{_TITLES[kind]}（演示）",
                midnight(day) + timedelta(hours=9 if random.random() < 0.6 else 14),
                float(random.choice((2.0, 3.0, 4.0))),
                [
                    (people[n], score if kind == "competition" else None)
                    for n, score in zip(chosen, scores, strict=True)
                ],
            )

    def _choose(self, count: int, random: np.random.Generator) -> NDArray[np.intp]:
        """Numbers of different enterprises, the riskier ones more often."""
        count = min(count, len(self._units))
        chosen = np.empty(0, dtype=np.intp)
        while len(chosen) < count:
            more = np.searchsorted(self._bounds, random.random(2 * count) * self._bounds[-1], side="right")
            everything = np.concatenate([chosen, more])
            _, first = np.unique(everything, return_index=True)
            chosen = everything[np.sort(first)][:count]
        return chosen


def _times(day: date, count: int, random: np.random.Generator) -> list[datetime]:
    """Mornings and afternoons, a few late in the evening; rising, no two the same."""
    hours = np.where(random.random(count) < 0.55, random.normal(10.0, 0.7, count), random.normal(15.0, 0.9, count))
    hours = np.where(random.random(count) < _AT_NIGHT, random.uniform(19.5, 23.5, count), np.clip(hours, 8.0, 18.0))
    begins = midnight(day)
    return [begins + timedelta(seconds=round(hour * 3600)) for hour in np.sort(hours).tolist()]
