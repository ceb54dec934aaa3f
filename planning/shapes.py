"""What is asked of planning and what it answers, as everybody outside sees it."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, model_validator

from planning.changes import Changes, Drawn, Place
from planning.figures import Figures, Part, Step

MOST_MINUTES, MOST_BANDS, MOST_POINTS = 180.0, 8, 500
MOST_NEW, LONGEST_SITING_S = 50, 600

State = Literal["queued", "running", "done", "failed", "cancelled"]
Risk = Literal["high", "medium", "low"]
Demand = Literal["enterprises", "high_risk", "points", "alerts", "area"]
Objective = Literal["mclp", "lscp", "p-median"]

Minutes = Annotated[float, Field(gt=0, le=MOST_MINUTES, allow_inf_nan=False)]


def _ascending(values: list[float]) -> list[float]:
    return sorted(set(values))


def _storable(value: str) -> str:
    if "\x00" in value:
        raise ValueError("no NUL")
    return value.strip()


Bands = Annotated[list[Minutes], Field(min_length=1, max_length=MOST_BANDS), AfterValidator(_ascending)]
Name = Annotated[str, Field(max_length=120), AfterValidator(_storable)]
Places = Annotated[list[Place], Field(min_length=1, max_length=MOST_POINTS)]


class Scenario(BaseModel):
    """A question of coverage: whom of `demand` in `region` does one reach from `from` within `minutes`.

    `at`: the hour of the day (Asia/Shanghai) whose speeds hold; without it, those of now. `shift`: officers of that
    shift at their stations, instead of those on duty now where they are. `weights`: what a demand counts by its risk.
    `own_only`: leave out origins that lie outside the region. `inside`: only what lies in this part of the region.
    `changes`: origins that stand elsewhere, are new, or are left out.
    """

    model_config = {"populate_by_name": True}

    region: str = Field(
        pattern=r"^[1-9][0-9]([0-9]{2}){0,2}$", description="GB/T 2260 code: 37, 3707 or 370700, 370705"
    )
    minutes: Bands
    origins: Literal["stations", "officers"] | Places = Field(alias="from")
    demand: Demand = "enterprises"
    at: int | None = Field(default=None, ge=0, le=23)
    shift: Literal["day", "night"] | None = None
    weights: dict[Risk, Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]] | None = None
    own_only: bool = False
    inside: Drawn | None = None
    changes: Changes | None = None
    name: Name = ""


class Siting(BaseModel):
    """Where `new` stations should stand (lscp: how many it takes, up to `new`), besides those of the scenario.

    `moves`: so many of the old ones may be given up, and stand elsewhere. `capacity`: the weight that one new station
    can serve.
    """

    new: int = Field(ge=0, le=MOST_NEW)
    objective: Objective = "mclp"
    minutes: Minutes = 15.0
    time_limit_s: float = Field(default=60.0, ge=1, le=LONGEST_SITING_S, allow_inf_nan=False)
    moves: int = Field(default=0, ge=0, le=MOST_NEW)
    capacity: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    name: Name = ""

    @model_validator(mode="after")
    def _something_to_do(self) -> "Siting":
        if self.new == 0 and self.moves == 0:
            raise ValueError("new: at least one new station, or at least one move")
        if self.objective == "lscp" and self.moves:
            raise ValueError("moves: lscp asks how many more are needed, it moves none; leave it out")
        return self


class Origin(BaseModel):
    """An origin; `off_road` when no road is near enough for it to reach anybody."""

    id: int
    name: str
    lon: float
    lat: float
    off_road: bool


class Uncovered(BaseModel):
    """A demand that is not reached in time; `reason`: too late, no road near it, or no way to it."""

    id: int
    name: str
    lon: float
    lat: float
    region: str
    risk: str
    weight: float
    minutes: float | None
    backup_minutes: float | None
    origin: int | None
    reason: Literal["late", "no_road", "no_way"]


class CoverageResult(BaseModel):
    """Figures of a scenario. Every share is of the weight of all demands, reachable or not."""

    kind: Literal["coverage"] = "coverage"
    region: str
    region_name: str
    minutes: list[float]
    demand: Demand
    origins: list[Origin]
    origins_note: str
    roads_version: str
    data_as_of: datetime | None
    computed_at: datetime
    seconds: float
    total: Figures
    by_city: list[Part]
    by_county: list[Part]
    by_tag: list[Part]
    by_risk: list[Part]
    histogram: list[Step]
    unreachable: list[Uncovered]
    cell_resolution: int


class Site(BaseModel):
    """A station that is proposed, and what it would serve first: weight and number of demands nearest to it."""

    lon: float
    lat: float
    region: str
    demands: int
    weight: float


class SitingResult(BaseModel):
    """What was found, how good it is proven to be, and how much of that is due to putting demands together.

    `gap` is (bound - objective) / objective as the solver proved it; 0 is exact, null when it could prove nothing.
    `share_aggregated` is what the model believed, `share_full` the same sites counted over every single demand.
    """

    kind: Literal["siting"] = "siting"
    objective: Objective
    minutes: float
    new: int
    status: Literal["optimal", "time_limit", "infeasible"]
    gap: float | None
    value: float | None
    bound: float | None
    sites: list[Site]
    given_up: list[int]
    candidates: int
    demands: int
    aggregated: int
    share_before: float | None
    share_aggregated: float | None
    share_full: float | None
    mean_before: float | None
    mean_aggregated: float | None
    mean_full: float | None
    not_coverable: int
    seconds: float
    after: Figures
    before: Figures


class Job(BaseModel):
    """A job as everybody of the area sees it. `error` says in words why it failed."""

    id: int
    kind: Literal["coverage", "siting"]
    parent_id: int | None
    name: str
    region: str
    owner: str
    mine: bool
    request: dict[str, Any]
    state: State
    progress: float
    step: str
    error: str | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    version: int


class JobWithResult(Job):
    result: CoverageResult | SitingResult | None = Field(default=None, discriminator="kind")


class Accepted(BaseModel):
    id: int


class Rename(BaseModel):
    name: Name


class Change(BaseModel):
    """Share of the weight reached within `minutes`, before and after; `demands` is how many more are reached."""

    minutes: float
    share: float | None
    share_with: float | None
    demands: int
    backup_share: float | None
    backup_share_with: float | None


class PartChange(BaseModel):
    key: str
    name: str
    region: str
    bands: list[Change]
    mean_minutes: float | None
    mean_minutes_with: float | None
    p90_minutes: float | None
    p90_minutes_with: float | None


class Comparison(BaseModel):
    """Two scenarios of the same region and demand side by side: `…_with` is the other one's.

    `differs` names what was asked differently; `gained` and `lost` count demands reached by only one of them within
    the band, null when the two did not look at the same demands.
    """

    id: int
    with_id: int
    region: str
    differs: list[str]
    total: PartChange
    by_county: list[PartChange]
    by_city: list[PartChange]
    gained: list[int] | None
    lost: list[int] | None
