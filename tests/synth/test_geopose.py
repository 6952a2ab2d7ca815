"""The data set on disk: layout and formats of the contest, truth kept apart, equal bytes however it is made."""

from __future__ import annotations

import csv
import hashlib
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from pydantic import ValidationError

from landseer.core.seeds import generator
from landseer.errors import WriteError
from landseer.raster.opening import quiet
from landseer.raster.read import read_bands
from landseer.synth import SYNTH_CONFIGS, SYNTHS, GeoposeSummary, GeoposeSynthConfig, make_geopose
from landseer.synth.city import build_city
from landseer.synth.geopose_files import write_picture
from landseer.synth.geopose_plan import make_plan, reach_of, view_of
from landseer.synth.geopose_truth import GeoposeTruth, read_truth
from landseer.synth.render import heights
from landseer.synth.styles import STYLES

SMALL = GeoposeSynthConfig(
    train=6, test=3, size_px=64, seed=5, cities=("ARG", "OMA"), tiles_per_place=2, acquisitions=2
)
Made = tuple[Path, GeoposeSummary]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    root = tmp_path_factory.mktemp("synth") / "geopose"
    return root, make_geopose(root, SMALL, workers=1)


def hashes(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def pixels(path: Path) -> NDArray[np.generic]:
    return read_bands(path)


def rows(root: Path) -> list[GeoposeTruth]:
    return read_truth(root / "truth/tiles.csv")


def test_the_family_lists_geopose() -> None:
    assert SYNTHS["geopose"] is make_geopose
    assert set(SYNTHS) == set(SYNTH_CONFIGS)


def test_layout_and_tables_are_the_contests(made: Made) -> None:
    root, _ = made
    assert {p.name for p in root.iterdir()} == {
        "train", "test", "truth", "geopose_train.csv", "geopose_test.csv", "metadata.csv",
    }  # fmt: skip
    train, test = table(root / "geopose_train.csv"), table(root / "geopose_test.csv")
    assert (list(train[0]), list(test[0])) == (["id", "agl", "json", "rgb"], ["id", "rgb"])
    assert (len(train), len(test)) == (SMALL.train, SMALL.test)
    named = {row[key] for row in train for key in ("agl", "json", "rgb")}
    assert named == {p.name for p in (root / "train").iterdir()}
    assert {row["rgb"] for row in test} == {p.name for p in (root / "test").iterdir()}
    for row in table(root / "metadata.csv"):
        assert re.fullmatch(r"(ARG|OMA)_[A-Za-z]{6}", row["id"])
        assert row["city"] == row["id"][:3]
        assert float(row["gsd"]) == STYLES[row["city"]].gsd_m
    assert len(table(root / "metadata.csv")) == SMALL.train + SMALL.test


def test_images_are_jpeg_2000_of_three_bands(made: Made) -> None:
    for path in (made[0] / "train").glob("*_RGB.j2k"):
        assert path.read_bytes()[:4] == b"\xff\x4f\xff\x51"
        image = pixels(path)
        assert (image.shape, image.dtype) == ((3, 64, 64), np.uint8)
        assert image.std() > 12


@pytest.mark.parametrize("suffix", ["j2k", "png"])
def test_pictures_lose_nothing(tmp_path: Path, suffix: str) -> None:
    image = np.random.default_rng(0).integers(0, 256, (3, 40, 56), dtype=np.uint8)
    write_picture(tmp_path / f"a.{suffix}", image)
    np.testing.assert_array_equal(pixels(tmp_path / f"a.{suffix}"), image)
    assert [p.name for p in tmp_path.iterdir()] == [f"a.{suffix}"]


def test_heights_are_whole_centimetres(made: Made) -> None:
    root, _ = made
    files = [*(root / "train").glob("*_AGL.tif"), *(root / "truth/test").glob("*_AGL.tif")]
    assert len(files) == SMALL.train + SMALL.test
    for path in files:
        with quiet(), rasterio.open(path) as source:
            assert (source.count, source.dtypes[0], source.nodata) == (1, "uint16", 65535)
            assert source.compression.value == "DEFLATE"
            assert source.shape == (64, 64)


def test_truth_of_the_test_side_is_what_a_new_rendering_gives(made: Made) -> None:
    root, _ = made
    truth = {row.id: row for row in rows(root)}
    for spec in (s for s in make_plan(SMALL) if s.side == "test"):
        rng = generator(SMALL.seed, "place", spec.city, spec.place)
        world = build_city(STYLES[spec.city], reach_of(SMALL, spec.city), rng)
        view = view_of(SMALL, spec)
        exact = heights(world, view)
        given = pixels(root / f"truth/test/{spec.tile}_AGL.tif")[0] / 100.0
        np.testing.assert_allclose(given, exact, atol=0.00501)
        flow = json.loads((root / f"truth/test/{spec.tile}_VFLOW.json").read_text())
        assert flow["scale"] * 100 == pytest.approx(view.scale_px_per_m)
        assert flow["angle"] == pytest.approx(view.angle_rad)
        row = truth[spec.tile]
        off = math.tan(math.radians(row.off_nadir_deg)) / row.gsd_m
        assert row.scale_px_per_m == pytest.approx(off, rel=1e-4)
        assert row.mean_agl_m == pytest.approx(exact.mean(), abs=1e-3)


def test_train_and_test_share_no_ground_unless_asked(made: Made) -> None:
    truth = {row.id: row for row in rows(made[0])}
    shared = [
        (row, truth[item.split(":")[0]]) for row in truth.values() for item in row.overlaps.split()
    ]
    assert shared
    assert all(one.side == other.side for one, other in shared)
    asked = make_plan(SMALL.model_copy(update={"test_overlap": 1.0}))
    train = {(s.city, s.place) for s in asked if s.side == "train"}
    assert all((s.city, s.place) in train for s in asked if s.side == "test")


def test_overlaps_are_the_shared_part_of_the_ground(made: Made) -> None:
    truth = {row.id: row for row in rows(made[0])}
    row = next(row for row in truth.values() if row.overlaps)
    name, share = row.overlaps.split()[0].split(":")
    other, steps = truth[name], np.linspace(0, 1, 201)
    south = row.south_0_m + steps * (row.south_1_m - row.south_0_m)
    east = row.east_0_m + steps * (row.east_1_m - row.east_0_m)
    both = np.mean((south >= other.south_0_m) & (south <= other.south_1_m)) * np.mean(
        (east >= other.east_0_m) & (east <= other.east_1_m)
    )
    assert float(share) == pytest.approx(both, abs=0.02)
    assert float(share) == pytest.approx(SMALL.neighbour_overlap, abs=0.01)


def test_summary_agrees_with_the_files(made: Made) -> None:
    root, summary = made
    truth = rows(root)
    assert (summary.n_train, summary.n_test, summary.made) == (6, 3, True)
    assert summary.n_places == len({(row.city, row.place) for row in truth})
    unknown = [(pixels(p) == 65535).mean() for p in (root / "train").glob("*_AGL.tif")]
    assert summary.unknown_share == pytest.approx(np.mean(unknown), abs=1e-5)
    assert "6 training and 3 test tiles" in summary.text


def test_equal_bytes_whatever_the_number_of_workers(made: Made, tmp_path: Path) -> None:
    make_geopose(tmp_path / "again", SMALL, workers=2)
    assert hashes(tmp_path / "again") == hashes(made[0])


def test_what_is_there_is_kept_and_other_content_is_refused(made: Made, tmp_path: Path) -> None:
    root, summary = made
    before = hashes(root)
    again = make_geopose(root, SMALL, workers=1)
    assert not again.made
    assert again.mean_agl_m == pytest.approx(summary.mean_agl_m)
    assert hashes(root) == before
    with pytest.raises(WriteError, match="expected an empty folder"):
        make_geopose(root, SMALL.model_copy(update={"seed": 6}), workers=1)
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(WriteError, match="expected an empty folder"):
        make_geopose(tmp_path, SMALL, workers=1)


def test_a_failure_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("landseer.synth.geopose_tile.write_picture", fail)
    with pytest.raises(WriteError, match="No space left"):
        make_geopose(tmp_path / "full", SMALL, workers=1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "values",
    [
        {"size_px": 8}, {"cities": ()}, {"cities": ("ARG", "ARG")}, {"cities": ("ROM",)}, {"train": -1},
        {"flaws": {"holes": 1.5}}, {"neighbour_overlap": 1.0}, {"image_format": "jpg"}, {"tiles": 4},
        {"train": 0, "test": 4, "test_overlap": 0.5},
    ],
)  # fmt: skip
def test_settings_refuse_nonsense(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        GeoposeSynthConfig(**values)  # type: ignore[arg-type]
