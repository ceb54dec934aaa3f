"""Recorded frames for the tests of what arrives."""

from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[2] / "samples" / "hj212"


@pytest.fixture(scope="session")
def recorded() -> dict[str, bytes]:
    """Every recorded frame by its short name, v01 … v14."""
    return {path.stem[:3]: path.read_bytes() for path in sorted(SAMPLES.glob("v*.bin"))}
