"""What differs between one installation and another; read from the environment (`ONEMAP_…`) by the commands."""

from datetime import timedelta
from pathlib import Path
from typing import Self

from pydantic import Field, IPvAnyAddress, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from command.dispatch.drift import Drift
from video.guard import Limits
from video.turn import SHIFT_S, TurnServers, split_urls


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


class MediaSettings(BaseSettings):
    """The media processes: where their internal doors are, how calls get through the network, what one bears."""

    model_config = SettingsConfigDict(env_prefix="ONEMAP_MEDIA_")

    processes: int = Field(default=1, ge=0, le=64, description="one fills a processor core; 0 for none")
    door_host: str = Field(default="127.0.0.1", description="only the house's own processes come to this door")
    door_port: int = Field(default=0, ge=0, le=65535, description="of the first process; 0 takes a free one")
    address: IPvAnyAddress | None = Field(default=None, description="public address, behind one-to-one NAT")

    turn_urls: str = Field(default="", description="TURN servers, with commas between; none on loopback and LAN")
    turn_secret: str = Field(default="", description="coturn's static-auth-secret")
    turn_lasting_s: int = Field(default=SHIFT_S, ge=60, description="how long TURN credentials are good for")
    relay_only: bool = Field(default=False, description="pages connect through TURN only")
    hub_relay_only: bool = Field(default=False, description="the media process, too; the first of the urls")

    max_cpu: float = Field(default=0.8, gt=0, le=1, description="of a core; above it no more legs are taken")
    max_lag_ms: float = Field(default=100.0, gt=0, description="lateness above which no more legs are taken")
    joining: int = Field(default=4, ge=1, description="legs that are set up at once")

    @model_validator(mode="after")
    def _can_relay(self) -> Self:
        if (self.relay_only or self.hub_relay_only) and not split_urls(self.turn_urls):
            raise ValueError("relay-only needs TURN servers: set ONEMAP_MEDIA_TURN_URLS and ONEMAP_MEDIA_TURN_SECRET")
        _ = self.turn  # its addresses are looked at
        return self

    @property
    def turn(self) -> TurnServers:
        return TurnServers(tuple(split_urls(self.turn_urls)), self.turn_secret, self.turn_lasting_s)

    @property
    def limits(self) -> Limits:
        return Limits(lag_s=self.max_lag_ms / 1000, cpu=self.max_cpu, joining=self.joining)


class LiveKitSettings(BaseSettings):
    """A LiveKit server that carries the rooms in the place of our own media processes (docs/scale.md)."""

    model_config = SettingsConfigDict(env_prefix="ONEMAP_LIVEKIT_")

    url: str = Field(default="", description="of the server; none: our own media processes carry the rooms")
    key: str = ""
    secret: str = Field(default="", description="of at least 32 characters, as in the server's configuration")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.url and not (self.key and self.secret):
            raise ValueError("a LiveKit server needs ONEMAP_LIVEKIT_KEY and ONEMAP_LIVEKIT_SECRET")
        return self


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
