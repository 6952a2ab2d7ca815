"""What every test gets: one torch thread, no network, and the real data where it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("MPLBACKEND", "Agg")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real data sets, or skip, saying so."""
    folder = Path(os.environ.get("LANDSEER_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data sets under {folder}; set LANDSEER_DATA to their folder")
    return folder
