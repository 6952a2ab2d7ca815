"""`landseer submit opencities` and `landseer score --metric jaccard-per-chip`, from masks to a score."""

from __future__ import annotations

import types
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from landseer.adapters import scan_samples
from landseer.adapters.opencities_config import OpencitiesConfig
from landseer.cli import submit as submit_verb
from landseer.raster.write import write_raster
from landseer.samples.table import write_samples

NAMES = ("0a0a36", "123456", "fffd9c")
SIDE = 48


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three chips in `test`, masks in `maps`, half of them wrong in `truth`; the sample table in `run`."""
    rng = np.random.default_rng(0)
    for name in NAMES:
        chip = rng.integers(1, 255, (4, SIDE, SIDE)).astype(np.uint8)
        chip[3] = 255
        write_raster(tmp_path / "test" / name / f"{name}.tif", chip)
        mask = np.zeros((SIDE, SIDE), np.uint8)
        mask[:24, :24] = name != "123456"
        write_raster(tmp_path / "maps" / f"{name}.tif", mask, nodata=255)
        mask[:12] = 0
        write_raster(tmp_path / "truth" / f"{name}.tif", mask)
    table(tmp_path)
    return tmp_path


def table(root: Path) -> None:
    frame, _ = scan_samples(config(root), root / "run" / "scenes")
    assert tuple(frame["sample"]) == NAMES
    write_samples(root / "run" / "samples.parquet", frame)


def config(root: Path) -> OpencitiesConfig:
    return OpencitiesConfig(adapter="opencities", root=root)


def submit(landseer, root: Path, *more):
    return landseer(
        "submit", "opencities", root / "maps", "--samples", root / "run", "-o", root / "s.tgz", *more
    )  # fmt: skip


def test_pack_and_score(landseer, root: Path) -> None:
    answer = submit(landseer, root)
    assert answer.code == 0, answer.err
    assert f"{root}/s.tgz: 3 masks, {2 * 24 * 24} building pixels, 1 without" in answer.out
    arguments = ("score", root / "maps", root / "truth", "--metric", "jaccard-per-chip")
    answer = landseer(*arguments)
    assert answer.code == 0, answer.err
    assert answer.out.splitlines()[0].split() == ["jaccard-per-chip", "0.5"]


def test_preview(landseer, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = types.SimpleNamespace(data=config(root))
    monkeypatch.setattr(submit_verb, "_recipe_beside", lambda path: recipe)
    answer = submit(landseer, root, "--preview", 2)
    assert answer.code == 0, answer.err
    with Image.open(root / "s_preview.png") as sheet:
        picture = np.asarray(sheet.convert("RGB")).reshape(-1, 3)
    building = np.array([0xC0, 0x39, 0x2B])
    assert (np.abs(picture.astype(int) - building).max(1) < 3).sum() > 1000


def test_a_mask_has_the_size_of_its_chip(landseer, root: Path) -> None:
    write_raster(root / "maps" / "fffd9c.tif", np.zeros((SIDE, SIDE + 1), np.uint8))
    answer = submit(landseer, root)
    assert answer.code == 1 and "48 x 48" in answer.err


def test_chips_of_several_sizes_are_not_the_contests(landseer, root: Path) -> None:
    name = NAMES[0]
    write_raster(root / "test" / name / f"{name}.tif", np.full((4, 40, 40), 255, np.uint8))
    table(root)
    answer = submit(landseer, root)
    assert answer.code == 1 and "1024 x 1024" in answer.err
