"""What the tests of places share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the repository; tests that need it are skipped where it is absent."""
    root = Path(__file__).resolve().parents[3]
    folder = Path(os.environ.get("ONEMAP_SHARED", root.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"real data not found in {folder}")
    return folder
