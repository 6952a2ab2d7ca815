"""`landseer submit geopose` and `landseer score --metric geopose-r2`, from folders to a score."""

from __future__ import annotations

import json
import types
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from landseer.adapters import scan_samples
from landseer.adapters.geopose_config import GeoposeConfig
from landseer.cli import submit as submit_verb
from landseer.raster.write import write_raster
from landseer.samples.table import write_samples

SHAPE = (64, 96)
NAMES = ("ARG_aaaaaa", "JAX_aaaaaa", "JAX_bbbbbb")


def write_pose(folder: Path, name: str, agl: np.ndarray, scale: float, angle: float) -> None:
    write_raster(folder / f"{name}_AGL.tif", agl)
    flow = json.dumps({"scale": scale, "angle": angle})
    (folder / f"{name}_VFLOW.json").write_text(flow, encoding="utf-8")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three images in `test`, predictions in metres in `maps`, truth in centimetres in `truth`; the table in `run`."""
    rng = np.random.default_rng(0)
    for i, name in enumerate(NAMES):
        image = rng.integers(0, 255, (3, *SHAPE)).astype(np.uint8)
        write_raster(tmp_path / "test" / f"{name}_RGB.tif", image)
        agl = rng.gamma(1, 9, SHAPE).astype(np.float32)
        write_pose(tmp_path / "maps", name, agl, 0.5 + 0.1 * i, 1.0 + i)
        cm = np.rint(100 * agl + 50).astype(np.uint16)
        write_pose(tmp_path / "truth", name, cm, 0.005 + 0.001 * i, 1.0 + i)
    frame, _ = scan_samples(GeoposeConfig(adapter="geopose", root=tmp_path))
    assert tuple(frame["sample"]) == NAMES
    write_samples(tmp_path / "run" / "samples.parquet", frame)
    return tmp_path


def submit(landseer, root: Path, *more):
    return landseer(
        "submit", "geopose", root / "maps", "--samples", root / "run", "-o", root / "s.v1.tar.gz", *more
    )  # fmt: skip


def test_pack_and_score(landseer, root: Path) -> None:
    answer = submit(landseer, root)
    assert answer.code == 0, answer.err
    assert f"{root}/s.v1.tar.gz: 3 images" in answer.out and "0.500 to 0.700 px/m" in answer.out
    assert submit(landseer, root, "--json").json["n_images"] == 3
    arguments = ("score", root / "s.v1.tar.gz", root / "truth", "--metric", "geopose-r2")
    answer = landseer(*arguments)
    assert answer.code == 0, answer.err
    lines = dict(line.split(maxsplit=1) for line in answer.out.splitlines())
    assert 0.98 < float(lines["geopose-r2"]) < 1
    assert lines["JAX"].startswith("score 0.99") and "bias m -0.5" in lines["JAX"]
    assert "images 2" in lines["JAX"] and lines["missing"] == "none"
    found = landseer(*arguments, "--json").json
    assert [city["city"] for city in found["cities"]] == ["ARG", "JAX"]
    assert found["value"] == pytest.approx(float(lines["geopose-r2"]), abs=1e-4)


def test_a_missing_image_is_said(landseer, root: Path) -> None:
    (root / "maps" / "JAX_bbbbbb_AGL.tif").unlink()
    answer = submit(landseer, root)
    assert answer.code == 1 and "1 missing (JAX_bbbbbb_AGL.tif)" in answer.err
    answer = landseer("score", root / "maps", root / "truth", "--metric", "geopose-r2")
    assert (
        "JAX_bbbbbb (no _AGL.tif)" in answer.out
        and "score 0, R2 of heights undefined" in answer.out
    )


def test_heights_of_another_size_are_refused(landseer, root: Path) -> None:
    write_raster(root / "maps" / "ARG_aaaaaa_AGL.tif", np.zeros((96, 64), np.float32))
    answer = submit(landseer, root)
    assert (
        answer.code == 1 and "expected 64 x 96 pixels, as the image has; got 96 x 64" in answer.err
    )
    assert not (root / "s.v1.tar.gz").exists()


def test_preview(landseer, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = types.SimpleNamespace(data=GeoposeConfig(adapter="geopose", root=root))
    monkeypatch.setattr(submit_verb, "_recipe_beside", lambda table: config)
    answer = submit(landseer, root, "--preview", 2)
    assert answer.code == 0, answer.err
    assert answer.out.splitlines()[1] == f"preview: {root}/s.v1_preview.png"
    with Image.open(root / "s.v1_preview.png") as sheet:
        assert sheet.width > 2 * 384 and sheet.height > 2 * 256
