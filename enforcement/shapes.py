"""What the doors of this room answer with, which is also what the OpenAPI says."""

from datetime import date, datetime
from typing import Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from enforcement.periods import PeriodKind, Unit

InspectionKind = Literal["routine", "random", "special", "complaint", "follow_up"]
Violation = Literal["exceedance", "no_permit", "evasion", "monitoring", "hazardous_waste", "dust", "ledger"]
Measure = Literal["seizure", "restriction", "detention", "crime"]
TrainingKind = Literal["regulations", "evidence", "monitoring", "file_review", "competition", "emergency"]
FindingState = Literal["open", "rectified"]
CaseStage = Literal["filed", "open", "decided"]


class Flow(BaseModel):
    """Figures that add up over time as well as over regions."""

    inspections: int = 0
    person_times: int = Field(default=0, description="officers who took part, summed over the inspections")
    findings: int = 0
    findings_rectified: int = Field(default=0, description="of these findings, put right by now")
    cases_filed: int = Field(default=0, description="penalty cases, by the day of filing")
    penalty_cases: int = Field(default=0, description="penalty cases, by the day of the decision")
    fines_yuan: int = Field(default=0, description="of these decisions, in yuan")
    seizures: int = Field(default=0, description="of these decisions, with sealing and seizure")
    restrictions: int = Field(default=0, description="of these decisions, with production restricted or stopped")
    detentions: int = Field(default=0, description="of these decisions, passed on for detention")
    crimes: int = Field(default=0, description="of these decisions, passed on as suspected crime")
    trainings: int = 0
    trainees: int = Field(default=0, description="officers who took part, summed over the trainings")


class Counts(Flow):
    """All figures; an enterprise that was inspected twice counts once, so that one adds up over regions only."""

    inspected_enterprises: int = 0


class RegionCounts(Counts):
    """The figures of one city or county."""

    region: str
    name: str


class TrendCounts(Flow):
    """The figures of one day, week or month of the period."""

    first: date = Field(alias="from")


class FigureValue(BaseModel):
    """One figure, the one it is compared with, and the list whose rows it counts."""

    value: int
    previous: int
    href: str = Field(description="the list of the records behind the value")
    counts: str = Field(description="what of that list's answer is the value: `total`, or one of its `sums`")


class Figures(BaseModel):
    inspections: FigureValue
    person_times: FigureValue
    inspected_enterprises: FigureValue
    findings: FigureValue
    findings_rectified: FigureValue
    cases_filed: FigureValue
    penalty_cases: FigureValue
    fines_yuan: FigureValue
    seizures: FigureValue
    restrictions: FigureValue
    detentions: FigureValue
    crimes: FigureValue
    trainings: FigureValue
    trainees: FigureValue


class Overview(BaseModel):
    """What enforcement has done in an area and period; all days are days in China, first and last included."""

    region: str = Field(description="adcode of the area: 370000, 370700, 370705")
    period: PeriodKind
    first: date = Field(alias="from")
    last: date = Field(alias="to")
    previous_first: date = Field(alias="previous_from")
    previous_last: date = Field(alias="previous_to")
    as_of: datetime | None = Field(description="when the newest inspection of the area up to `to` began")
    trend_unit: Unit
    figures: Figures
    by_region: list[RegionCounts] = Field(description="cities of a province, counties of a city; empty for a county")
    trend: list[TrendCounts] = Field(description="each day, week (from Monday) or month, those without records too")


class _Row(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class _Placed(_Row):
    """Stands somewhere: degrees in WGS84, and the county's adcode."""

    id: int
    lon: float
    lat: float
    region: str
    demo: bool


class _OfEnterprise(_Placed):
    enterprise_id: int
    enterprise: str | None = Field(description="its name; null when it lies outside of your area")


class Participant(_Row):
    """An officer as written down on the record: name and certificate of that day."""

    officer_id: int
    name: str
    certificate: str


class InspectionItem(_OfEnterprise):
    kind: InspectionKind
    at: datetime
    person_times: int
    officers: list[Participant]
    findings: int


class FindingItem(_OfEnterprise):
    inspection_id: int
    kind: Violation
    at: datetime
    due_on: date
    rectified_on: date | None
    penalty_case_id: int | None


class PenaltyCaseItem(_OfEnterprise):
    finding_id: int | None
    inspection_id: int | None
    kind: Violation
    filed_on: date
    decided_on: date | None
    fine_yuan: int | None
    measures: list[Measure]


class Trainee(Participant):
    score: float | None


class TrainingItem(_Placed):
    title: str
    kind: TrainingKind
    organisation: str
    at: datetime
    hours: float
    participants: list[Trainee]


Item = TypeVar("Item", bound=BaseModel)
Sums = TypeVar("Sums", bound=BaseModel)


class InspectionSums(BaseModel):
    person_times: int
    inspected_enterprises: int


class FindingSums(BaseModel):
    findings_rectified: int


class PenaltyCaseSums(BaseModel):
    fines_yuan: int


class TrainingSums(BaseModel):
    trainees: int


class RecordListing(BaseModel, Generic[Item, Sums]):
    """One page of records, newest first; `total` and `sums` are of all pages together."""

    items: list[Item]
    next: str | None = None
    total: int
    sums: Sums
