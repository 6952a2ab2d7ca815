"""The command line, called without a process of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from landseer.cli.main import call
from landseer.raster.write import write_raster

SIDE_PX = 350


@dataclass(frozen=True)
class Answer:
    """What a command left: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return the one JSON object on stdout."""
        return json.loads(self.out)


Landseer = Callable[..., Answer]


@pytest.fixture
def landseer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Landseer:
    """Return a function that runs `landseer ARGUMENTS` in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object, debug: bool = False) -> Answer:
        capfd.readouterr()
        code = call([str(argument) for argument in arguments], debug=debug)
        out, err = capfd.readouterr()
        return Answer(code, out, err)

    return run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a kelp data set of two training tiles and two test tiles, each with one square of kelp."""
    root = tmp_path / "data"
    for side, names in {"train": "ab", "test": "cd"}.items():
        for number, name in enumerate(names):
            image = np.full((7, SIDE_PX, SIDE_PX), 100 * (number + 1), np.int16)
            write_raster(root / f"{side}_satellite/{name}_satellite.tif", image)
            mask = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
            mask[:10, : 10 * (number + 1)] = 1
            folder = "train_kelp" if side == "train" else "truth"
            write_raster(root / folder / f"{name}_kelp.tif", mask)
    return root
