"""What is counted: every figure is a number of rows, or a sum over the rows, of one of the lists.

The conditions here are those of the lists (`enforcement.lists`) for the same filters, so that a figure and the list
behind its `href` cannot differ; a test holds each pair together for every role and level.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import BigInteger, ColumnElement, FromClause, any_, cast, func, inspect, join, literal
from sqlalchemy.orm import InstrumentedAttribute

from enforcement.periods import Span
from enforcement.tables import Finding, Inspection, PenaltyCase, Training, TrainingParticipant

TOTAL = "total"


@dataclass(frozen=True, slots=True)
class Figure:
    """`value` is the aggregate; `counts` what of the list's answer equals it; `filters` what narrows the list."""

    value: ColumnElement[int]
    counts: str = TOTAL
    filters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """Figures that are counted in one pass over the rows of one table, by `when`."""

    path: str
    rows: FromClause
    when: InstrumentedAttribute[Any]
    region: InstrumentedAttribute[str]
    figures: Mapping[str, Figure]
    filters: Mapping[str, str] = field(default_factory=dict)

    def href(self, figure: Figure, region: str, span: Span) -> str:
        """The address of the list whose rows make up a figure."""
        asked = {"region": region, "from": span.first.isoformat(), "to": span.last.isoformat()}
        return f"{self.path}?{urlencode({**asked, **self.filters, **figure.filters})}"


def with_measure(measure: str) -> ColumnElement[bool]:
    """The condition that a case came with a supporting measure."""
    return literal(measure) == any_(PenaltyCase.measures)


def _measured(measure: str) -> Figure:
    return Figure(func.count().filter(with_measure(measure)), filters={"measure": measure})


def _sum(column: InstrumentedAttribute[Any]) -> ColumnElement[int]:
    return func.coalesce(cast(func.sum(column), BigInteger), 0)


fines_yuan = _sum(PenaltyCase.fine_yuan)
person_times = _sum(Inspection.person_times)
is_rectified = Finding.rectified_on.is_not(None)

INSPECTIONS = Source(
    "/api/inspections",
    inspect(Inspection).local_table,
    Inspection.at,
    Inspection.region,
    {"inspections": Figure(func.count()), "person_times": Figure(person_times, "person_times")},
)
INSPECTED_ENTERPRISES = Figure(func.count(), "inspected_enterprises")

SOURCES = (
    INSPECTIONS,
    Source(
        "/api/findings",
        inspect(Finding).local_table,
        Finding.at,
        Finding.region,
        {
            "findings": Figure(func.count()),
            "findings_rectified": Figure(func.count().filter(is_rectified), filters={"state": "rectified"}),
        },
    ),
    Source(
        "/api/penalty-cases",
        inspect(PenaltyCase).local_table,
        PenaltyCase.filed_on,
        PenaltyCase.region,
        {"cases_filed": Figure(func.count())},
        {"stage": "filed"},
    ),
    Source(
        "/api/penalty-cases",
        inspect(PenaltyCase).local_table,
        PenaltyCase.decided_on,
        PenaltyCase.region,
        {
            "penalty_cases": Figure(func.count()),
            "fines_yuan": Figure(fines_yuan, "fines_yuan"),
            "seizures": _measured("seizure"),
            "restrictions": _measured("restriction"),
            "detentions": _measured("detention"),
            "crimes": _measured("crime"),
        },
        {"stage": "decided"},
    ),
    Source(
        "/api/trainings",
        inspect(Training).local_table,
        Training.at,
        Training.region,
        {"trainings": Figure(func.count())},
    ),
    Source(
        "/api/trainings",
        join(Training, TrainingParticipant, TrainingParticipant.training_id == Training.id),
        Training.at,
        Training.region,
        {"trainees": Figure(func.count(), "trainees")},
    ),
)
