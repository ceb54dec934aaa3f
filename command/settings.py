"""What differs between one installation and another; read from the environment (`ONEMAP_…`) by the commands."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from command.dispatch.drift import Drift


class DispatchSettings(BaseSettings):
    """How calls to officers behave."""

    model_config = SettingsConfigDict(env_prefix="ONEMAP_DISPATCH_")

    offer_timeout_s: int = Field(default=120, ge=5, description="an offer that nobody answers goes back after this")
    stale_after_s: int = Field(default=300, ge=10, description="an officer with an older position is not sent by it")

    drift_kmh: float = Field(default=40.0, ge=0, le=200, description="how fast an officer may have moved on unseen")
    drift_at_most_m: float = Field(default=10_000.0, ge=0, le=100_000, description="and how far nobody is looked for")

    @property
    def drift(self) -> Drift:
        return Drift(self.drift_kmh / 3.6, self.drift_at_most_m)

    @property
    def offer_timeout(self) -> timedelta:
        return timedelta(seconds=self.offer_timeout_s)

    @property
    def stale_after(self) -> timedelta:
        return timedelta(seconds=self.stale_after_s)


class CoverageSettings(BaseSettings):
    """When a county is said to be without cover."""

    model_config = SettingsConfigDict(env_prefix="ONEMAP_COVERAGE_")

    minutes: float = Field(default=30.0, gt=0, le=180, description="so soon a free officer shall be there")
    least_share: float = Field(default=0.5, ge=0, le=1, description="of a county's enterprises that shall be reached")


class IntakeSettings(BaseSettings):
    """What is taken from loggers and judged."""

    model_config = SettingsConfigDict(env_prefix="ONEMAP_INTAKE_")

    host: str = "127.0.0.1"
    port: int = Field(default=9212, ge=0, le=65535)
    fresh_within_s: int = Field(default=3600, ge=60, description="a reading whose period ended earlier raises nobody")

    @property
    def fresh_within(self) -> timedelta:
        return timedelta(seconds=self.fresh_within_s)


class RecordingSettings(BaseSettings):
    """What is recorded of rooms, where, and for how long."""

    model_config = SettingsConfigDict(env_prefix="ONEMAP_RECORDING_")

    folder: Path | None = Field(
        default=None, description="where recordings lie; `recordings` under the home if not set"
    )
    segment_s: float = Field(default=60.0, ge=5, le=600, description="so long is one file, up to the next key frame")
    keep_days: int = Field(default=180, ge=1, le=36_500, description="then files are deleted, unless held")
    keep_drill_days: int = Field(default=7, ge=1, le=36_500, description="the same for drills")
    free_mb: int = Field(default=2_048, ge=0, description="recording stops when less than this is free on its disk")

    def folder_in(self, home: Path) -> Path:
        return self.folder or home / "recordings"

    def kept_for(self, *, drill: bool) -> timedelta:
        return timedelta(days=self.keep_drill_days if drill else self.keep_days)


class ServerSettings(BaseSettings):
    """Where the web process listens and keeps its things."""

    model_config = SettingsConfigDict(env_prefix="ONEMAP_")

    database_url: str | None = None
    home: Path = Path("var")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
