"""The buildings data set on disk: Open Cities' layout and oddities, leaning roofs, flaws in the stated rates."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from numpy.typing import NDArray
from pydantic import ValidationError
from pyproj import Transformer
from rasterio.enums import ColorInterp
from rasterio.features import rasterize
from scipy import ndimage

from landseer.core.seeds import generator
from landseer.errors import WriteError
from landseer.raster.opening import quiet
from landseer.raster.read import read_bands
from landseer.synth import (
    SYNTH_CONFIGS,
    SYNTHS,
    BuildingsSummary,
    BuildingsSynthConfig,
    make_buildings,
)
from landseer.synth.buildings import FLAWS_FILE, SCENES_FILE
from landseer.synth.buildings_plan import SceneSpec, make_plan
from landseer.synth.buildings_summary import SceneTruth
from landseer.synth.city import build_district
from landseer.synth.footprints import footprints
from landseer.synth.label_flaws import Flaw
from landseer.synth.towns import AREAS
from landseer.synth.truth_table import read_rows

SMALL = BuildingsSynthConfig(
    train=2, tier_2=1, test=3, size_px=480, chip_px=160, seed=3, gsd_m=(0.15, 0.2)
)
Made = tuple[Path, BuildingsSummary]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    root = tmp_path_factory.mktemp("synth") / "buildings"
    return root, make_buildings(root, SMALL, workers=1)


def hashes(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def load(path: Path) -> Any:
    return json.loads(path.read_text())


def specs(part: str = "train") -> list[SceneSpec]:
    return [spec for spec in make_plan(SMALL) if spec.part.startswith(part)]


def folder(root: Path, spec: SceneSpec) -> Path:
    return root / spec.part / spec.area / spec.name


def labels_of(root: Path, spec: SceneSpec) -> Path:
    return root / spec.part / spec.area / f"{spec.name}-labels" / f"{spec.name}.geojson"


def truth_of(root: Path, spec: SceneSpec) -> Path:
    return root / "truth" / "footprints" / f"{spec.name}.geojson"


def outlines(path: Path, spec: SceneSpec) -> list[shapely.Geometry]:
    """Read outlines and bring them into the scene's UTM zone."""
    turn = Transformer.from_crs("EPSG:4326", spec.crs, always_xy=True)
    return [
        shapely.transform(
            shapely.geometry.shape(feature["geometry"]),
            lambda points: np.stack(turn.transform(points[:, 0], points[:, 1]), 1),
        )
        for feature in load(path)["features"]
    ]


def test_the_family_lists_buildings() -> None:
    assert SYNTHS["buildings"] is make_buildings
    assert SYNTH_CONFIGS["buildings"] is BuildingsSynthConfig


def test_layout_and_table_are_the_contests(made: Made) -> None:
    root, _ = made
    assert {p.name for p in root.iterdir()} == {
        "train_tier_1", "train_tier_2", "train_metadata.csv", "test", "truth",
    }  # fmt: skip
    with (root / "train_metadata.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["img_uri", "label_uri", "tier", "area"]
    assert len(rows) == SMALL.train + SMALL.tier_2
    for row in rows:
        pattern = r"(train_tier_[12])/([a-z]{3})/([0-9a-f]{6})/\3\.tif"
        found = re.fullmatch(pattern, row["img_uri"])
        assert found
        tier, area, scene = found.groups()
        assert row["label_uri"] == f"{tier}/{area}/{scene}-labels/{scene}.geojson"
        assert (row["tier"], row["area"]) == (tier[-1], area)
        assert (root / row["img_uri"]).is_file()
        assert (root / row["label_uri"]).is_file()


def test_mosaics_are_tiled_rgba_in_utm_with_a_ragged_outline(made: Made) -> None:
    root, _ = made
    sizes = set()
    for spec in specs():
        with quiet(), rasterio.open(folder(root, spec) / f"{spec.name}.tif") as source:
            assert source.colorinterp[3] == ColorInterp.alpha
            assert (source.count, set(source.dtypes)) == (4, {"uint8"})
            assert source.crs.to_epsg() == AREAS[spec.area].epsg
            assert 0.05 <= source.res[0] <= 0.2
            assert source.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            image = source.read()
            sizes.add(source.res[0])
        alpha = image[3]
        assert set(np.unique(alpha)) == {0, 255}
        assert 0.6 < (alpha > 0).mean() < 0.99
        assert not image[:3, alpha == 0].any()
        corners = shapely.get_num_coordinates(shapely.simplify(_outline(alpha > 0), 2.0))
        assert corners > 8
    assert len(sizes) == len(specs())


def _outline(mask: NDArray[np.bool_]) -> shapely.Geometry:
    shapes = rasterio.features.shapes(mask.astype(np.uint8), mask=mask)
    return max((shapely.geometry.shape(one) for one, _ in shapes), key=lambda one: one.area)


def test_catalogues_lead_to_every_item(made: Made) -> None:
    root, _ = made
    for tier in ("train_tier_1", "train_tier_2"):
        found = set()
        catalogue = load(root / tier / "catalog.json")
        assert (catalogue["stac_version"], catalogue["id"]) == ("0.8.1", tier)
        for child in (link["href"] for link in catalogue["links"] if link["rel"] == "child"):
            path = root / tier / child
            collection = load(path)
            assert collection["id"] == f"{tier}_{path.parent.name}"
            assert collection["extent"]["temporal"]["interval"] == [["2019-10-29T00:00:00Z", None]]
            for link in collection["links"]:
                assert (path.parent / link["href"]).is_file()
                if link["rel"] == "item":
                    item = load(path.parent / link["href"])
                    for asset in item["assets"].values():
                        assert (path.parent / link["href"]).parent.joinpath(asset["href"]).is_file()
                    found.add(item["id"])
        mine = {spec.name for spec in specs(tier)}
        assert found == mine | {f"{name}-labels" for name in mine}


def test_items_have_the_oddities_of_the_originals(made: Made) -> None:
    root, _ = made
    for spec in specs():
        item = load(labels_of(root, spec).with_name(f"{spec.name}-labels.json"))
        own = item["properties"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\d 00:00:00Z", own["datetime"])
        assert own["label:classes"] == [{"name": "building", "classes": ["yes"]}]
        assert own["label:overviews"][0]["counts"] == [
            {"name": "yes", "count": len(load(labels_of(root, spec))["features"])}
        ]
        assert item["stac_extensions"] == ["label"]
        content = load(labels_of(root, spec))
        assert content["crs"]["properties"]["name"] not in (
            "EPSG:4326",
            "urn:ogc:def:crs:OGC:1.3:CRS84",
        )
        west, south, east, north = item["bbox"]
        image = load(folder(root, spec) / f"{spec.name}.json")
        assert image["bbox"] == item["bbox"]
        assert -20 < west < east < 60
        assert -10 < south < north < 20


def test_test_chips_and_their_truth(made: Made) -> None:
    root, _ = made
    catalogue = load(root / "test" / "catalog.json")
    names = [link["href"].split("/")[1] for link in catalogue["links"] if link["rel"] == "item"]
    assert len(names) == SMALL.test == len(set(names))
    assert {p.stem for p in (root / "truth" / "test").iterdir()} == set(names)
    built = 0
    for name in names:
        item = load(root / "test" / name / f"{name}.json")
        assert item["assets"]["image"]["href"] == f"./{name}.tif"
        assert "labels" not in item["assets"]
        image = read_bands(root / "test" / name / f"{name}.tif")
        mask = read_bands(root / "truth" / "test" / f"{name}.tif")[0]
        assert image.shape == (4, 160, 160)
        assert (mask.shape, mask.dtype) == ((160, 160), np.uint8)
        assert set(np.unique(mask)) <= {0, 1}
        built += int(mask.sum())
    assert built > 2000


def test_neighbouring_chips_fit_together(made: Made) -> None:
    root, _ = made
    spec = specs("test")[0]
    first, second = (root / "test" / name / f"{name}.tif" for name in spec.chips[:2])
    with quiet(), rasterio.open(first) as a, rasterio.open(second) as b:
        assert b.bounds.left == pytest.approx(a.bounds.right, abs=1e-6)
        assert b.bounds.top == a.bounds.top
        seam = np.abs(a.read(2)[:, -1].astype(int) - b.read(2)[:, 0])
        assert np.median(seam) < 12


def test_tier_1_labels_are_the_buildings_with_an_unsteady_hand(made: Made) -> None:
    root, _ = made
    for spec in specs("train_tier_1"):
        drawn, true = (
            outlines(path, spec) for path in (labels_of(root, spec), truth_of(root, spec))
        )
        assert len(drawn) == len(true) > 10
        off = [
            shapely.distance(shapely.centroid(a), shapely.centroid(b))
            for a, b in zip(drawn, true, strict=True)
        ]
        assert 0.05 < np.mean(off) < 0.3
        assert np.max(off) < 0.8


def test_roofs_are_displaced_as_the_truth_says(made: Made) -> None:
    """The edges of roofs lie along footprints moved by the stated pixels, more than along unmoved ones."""
    root, _ = made
    here, there, count = 0.0, 0.0, 0
    for spec in specs():
        image = read_bands(folder(root, spec) / f"{spec.name}.tif").astype(float)
        grey = image[:3].mean(0)
        edge = np.hypot(*(ndimage.gaussian_filter(grey, 1.0, order=o) for o in ((0, 1), (1, 0))))
        edge[ndimage.binary_erosion(image[3] > 0, iterations=4) == 0] = np.nan
        rows = [feature["properties"] for feature in load(truth_of(root, spec))["features"]]
        grid = rasterio.Affine(*spec.transform())
        for row, shape in zip(rows, outlines(truth_of(root, spec), spec), strict=True):
            moved = np.array([row["roof_down_px"], row["roof_right_px"]])
            if np.hypot(*moved) < 2.0:
                continue
            line = shapely.segmentize(shapely.boundary(shape), spec.gsd_m)
            places = shapely.get_coordinates(line)
            col, r = ~grid @ (places[:, 0], places[:, 1])
            still = np.stack([r, col]) - 0.5
            values = [
                ndimage.map_coordinates(edge, still + off[:, None], order=1, cval=np.nan)
                for off in (moved, np.zeros(2))
            ]
            if not np.isnan(values).any():
                here, there, count = here + values[0].mean(), there + values[1].mean(), count + 1
    assert count > 10
    assert here > 1.3 * there


def test_buildings_look_different_from_the_ground(made: Made) -> None:
    root, _ = made
    for spec in specs("train_tier_1"):
        image = read_bands(folder(root, spec) / f"{spec.name}.tif").astype(float)
        shapes = outlines(truth_of(root, spec), spec)
        mask = (
            rasterize(shapes, out_shape=spec.size, transform=rasterio.Affine(*spec.transform())) > 0
        )
        seen = image[3] > 0
        deep = ndimage.binary_erosion(mask, iterations=4) & seen
        ground = ~ndimage.binary_dilation(mask, iterations=8) & seen
        off = image[:3, deep].mean(1) - image[:3, ground].mean(1)
        assert np.abs(off).max() > 8


def test_flaws_come_in_the_stated_rates_and_are_where_the_table_says(made: Made) -> None:
    root, summary = made
    (spec,) = specs("train_tier_2")
    flaws = read_rows(root / FLAWS_FILE, Flaw)
    true, drawn = outlines(truth_of(root, spec), spec), outlines(labels_of(root, spec), spec)
    kinds = {
        kind: [f for f in flaws if f.flaw == kind]
        for kind in ("missing", "shifted", "merged", "gone")
    }
    shares = SMALL.flaws
    assert {f.scene for f in flaws} == {spec.name}
    assert len(kinds["missing"]) == round(shares.missing * len(true))
    assert len(kinds["shifted"]) == round(shares.shifted * len(true))
    assert len(kinds["gone"]) == round(shares.gone * len(true))
    assert 0 < len(kinds["merged"]) <= round(shares.merged * len(true) / 2)
    assert len(drawn) == len(true) - len(kinds["missing"]) - len(kinds["merged"]) + len(
        kinds["gone"]
    )
    assert summary.flaws == {kind: len(some) for kind, some in kinds.items()}
    every = shapely.union_all(drawn)
    for flaw in kinds["missing"]:
        area = true[flaw.building]
        assert shapely.area(shapely.intersection(area, every)) < 0.75 * shapely.area(area)
    merged = {k for f in kinds["merged"] for k in (f.building, f.partner)}
    for flaw in kinds["merged"]:
        shifted = {f.building for f in kinds["shifted"]}
        if not {flaw.building, flaw.partner} & shifted:
            both = shapely.union(true[flaw.building], true[flaw.partner])
            best = max(drawn, key=lambda one: shapely.area(shapely.intersection(one, both)))
            assert shapely.area(shapely.intersection(best, both)) > 0.8 * shapely.area(both)
    for flaw in kinds["shifted"]:
        assert 1.0 <= np.hypot(flaw.east_m, flaw.north_m) <= 3.001
        if flaw.building in merged:
            continue
        moved = shapely.centroid(true[flaw.building])
        wanted = shapely.Point(moved.x + flaw.east_m, moved.y + flaw.north_m)
        assert min(shapely.distance(wanted, shapely.centroid(one)) for one in drawn) < 0.8
    for flaw in kinds["gone"]:
        rows, cols = spec.size
        east = spec.west_m + cols * spec.gsd_m / 2 + flaw.east_m
        north = spec.north_m - rows * spec.gsd_m / 2 + flaw.north_m
        place = shapely.Point(east, north)
        assert any(shapely.contains(one, place) for one in drawn)
        assert not any(shapely.contains(one, place) for one in true)


def test_missing_buildings_are_neighbours(made: Made) -> None:
    root, _ = made
    (spec,) = specs("train_tier_2")
    gone = {f.building for f in read_rows(root / FLAWS_FILE, Flaw) if f.flaw == "missing"}
    places = np.array(
        [[p.x, p.y] for p in map(shapely.centroid, outlines(truth_of(root, spec), spec))]
    )
    away = np.hypot(*np.moveaxis(places[:, None] - places, -1, 0))
    near = np.argsort(away, axis=1)[:, 1]
    share = np.mean([near[k] in gone for k in gone])
    assert share > 2 * len(gone) / len(places)


def test_courts_are_holes() -> None:
    builder = build_district(AREAS["acc"].style, 70.0, generator(1, "holes"))
    found = footprints(builder, builder.world((-70.0, 70.0, -70.0, 70.0)))
    holes = [shapely.get_num_interior_rings(one.outline) for one in found]
    assert max(holes) == 1
    assert 2 <= sum(holes) < len(found) / 2
    assert all(shapely.is_valid(one.outline) for one in found)


def test_scenes_table_agrees_with_the_files(made: Made) -> None:
    root, summary = made
    rows = {row.name: row for row in read_rows(root / SCENES_FILE, SceneTruth)}
    assert set(rows) == {spec.name for spec in make_plan(SMALL)}
    for spec in specs():
        image = read_bands(folder(root, spec) / f"{spec.name}.tif")
        row = rows[spec.name]
        assert row.valid_share == pytest.approx((image[3] > 0).mean(), abs=1e-6)
        assert (row.rows, row.cols) == image.shape[1:] == spec.size
        assert row.n_labels == len(load(labels_of(root, spec))["features"])
        assert row.n_buildings == len(load(truth_of(root, spec))["features"])
    assert (summary.n_tier_1, summary.n_tier_2, summary.n_chips) == (2, 1, 3)
    assert "2 scenes of tier 1, 1 of tier 2, 3 test chips" in summary.text


def test_equal_bytes_whatever_the_number_of_workers(tmp_path: Path) -> None:
    tiny = BuildingsSynthConfig(train=1, tier_2=1, test=1, size_px=160, chip_px=64, seed=8)
    make_buildings(tmp_path / "one", tiny, workers=1)
    make_buildings(tmp_path / "two", tiny, workers=2)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")


def test_what_is_there_is_kept_and_other_content_is_refused(made: Made) -> None:
    root, summary = made
    before = hashes(root)
    again = make_buildings(root, SMALL, workers=1)
    assert (again.made, again.n_labels, again.flaws) == (False, summary.n_labels, summary.flaws)
    assert hashes(root) == before
    with pytest.raises(WriteError, match="expected an empty folder"):
        make_buildings(root, SMALL.model_copy(update={"seed": 6}), workers=1)


@pytest.mark.parametrize(
    "values",
    [
        {"size_px": 8}, {"gsd_m": (0.2, 0.1)}, {"gsd_m": (0.001, 0.1)}, {"train": -1}, {"tiles": 3},
        {"flaws": {"missing": 0.7, "shifted": 0.5}}, {"flaws": {"missing": 1.2}},
    ],
)  # fmt: skip
def test_settings_refuse_nonsense(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        BuildingsSynthConfig(**values)  # type: ignore[arg-type]
