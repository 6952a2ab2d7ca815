"""What every test gets: one torch thread, no network, and the real data where it is."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

OF_TREES = (
    "cli/test_trees.py",
    "models/test_tree_convert.py",
    "models/test_tree_files.py",
    "run/test_trees.py",
    "trees/test_delivered.py",
    "trees/test_grow.py",
)
"""Tests that need lightgbm, which needs an OpenMP that slim systems lack."""


def why_no_lightgbm() -> str | None:
    """Return what the system says where it cannot load lightgbm."""
    try:
        importlib.import_module("lightgbm")
    except OSError as error:
        return str(error)
    return None


collect_ignore = list(OF_TREES) if why_no_lightgbm() else []


def pytest_configure(config: pytest.Config) -> None:
    """Hide GPUs unless `-m gpu` asks for what is proved on them too: all else is promised of processors."""
    asked = str(config.option.markexpr)
    if "gpu" not in asked or "not gpu" in asked:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""


def pytest_report_header() -> list[str]:
    """Say what is left out."""
    why = why_no_lightgbm()
    return [f"left out: {', '.join(OF_TREES)}: {why} (apt-get install libgomp1)"] if why else []


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real data sets, or skip, saying so."""
    folder = Path(os.environ.get("LANDSEER_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data sets under {folder}; set LANDSEER_DATA to their folder")
    return folder
