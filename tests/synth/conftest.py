"""One small made-up data set for the tests of this room."""

from __future__ import annotations

from pathlib import Path

import pytest

from landseer.synth import KelpSynthConfig, Summary, make_kelp

SMALL = KelpSynthConfig(places=8, train=18, test=6, seed=5, size_px=72)


@pytest.fixture(scope="session")
def small() -> KelpSynthConfig:
    return SMALL


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Summary]:
    root = tmp_path_factory.mktemp("synth") / "kelp"
    return root, make_kelp(root, SMALL, workers=1)
