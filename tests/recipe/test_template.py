"""The recipes that come with landseer load, whatever the data's folder is called."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
from numpy.typing import NDArray
from shapely import Polygon

from landseer.adapters import config_classes, scan_samples
from landseer.cli.init import TASKS
from landseer.errors import UsageError
from landseer.raster.label import read_label
from landseer.raster.read import read_bands
from landseer.raster.write import write_raster
from landseer.recipe.load import dump_recipe, load_recipe
from landseer.recipe.schema import Recipe
from landseer.recipe.template import RUN_NAME, fill_template, template_names

UTM = "EPSG:32630"


def put(path: Path, bands: int, side: int, fill: int = 1, dtype: type = np.uint8) -> None:
    """Write a square raster of pixels of 1 m."""
    shape = (bands, side, side) if bands else (side, side)
    array: NDArray[Any] = np.full(shape, fill, dtype)
    write_raster(path, array, crs=UTM, transform=(1, 0, 5e5, 0, -1, 6e5))


def put_square(path: Path) -> None:
    """Write a vector label: the 4 x 4 m in the upper left corner of those rasters."""
    ring = [(5e5, 6e5), (5e5 + 4, 6e5), (5e5 + 4, 6e5 - 4), (5e5, 6e5 - 4), (5e5, 6e5)]
    frame = gpd.GeoDataFrame(geometry=[Polygon(ring)], crs=UTM).to_crs("EPSG:4326")
    path.parent.mkdir(parents=True)
    path.write_text(frame.to_json(), encoding="utf-8")


def put_geopose(root: Path) -> None:
    put(root / "train/a_RGB.tif", 3, 8)
    put(root / "train/a_AGL.tif", 0, 8, 0, np.uint16)
    (root / "train/a_VFLOW.json").write_text('{"scale": 0.01, "angle": 1.5}')


def put_kelp(root: Path) -> None:
    put(root / "train_satellite/a_satellite.tif", 7, 8, dtype=np.int16)
    put(root / "train_kelp/a_kelp.tif", 0, 8, 0)


def put_folder(root: Path) -> None:
    put(root / "images/a.tif", 3, 8)
    put(root / "labels/a.tif", 0, 8, 0)
    (root / "labels/a.tif").rename(root / "labels/a.png")


def put_landcover(root: Path) -> None:
    put(root / "images/a.tif", 3, 512)
    put(root / "masks/a.tif", 0, 512, 2)
    for name in ("train", "val", "test"):
        (root / f"{name}.txt").write_text("a_0\n" if name == "train" else "")


def put_buildings(root: Path) -> None:
    put(root / "train_tier_1/acc/665946/665946.tif", 3, 16)
    put_square(root / "train_tier_1/acc/665946-labels/665946.geojson")


def put_scenes(root: Path) -> None:
    put(root / "images/a.tif", 3, 16)
    put_square(root / "labels/a.geojson")


MAKERS: dict[str, tuple[Callable[[Path], None], str]] = {
    "buildings": (put_buildings, "acc_665946"),
    "folder": (put_folder, "a"),
    "geopose": (put_geopose, "a"),
    "kelp": (put_kelp, "a"),
    "landcover": (put_landcover, "a_0"),
    "scenes": (put_scenes, "a"),
}
"""By task, what writes one image and one label as its recipe expects them, and how the sample's name begins."""

LABELS = {"buildings": 16, "folder": 0, "kelp": 0, "landcover": 2 * 512**2, "scenes": 16}
"""Sums of class numbers of the sample's label."""


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Recipe]:
    """Return a function from a task, and overrides, to its recipe."""

    def filled(task: str, *overrides: str, name: str = "demo", folder: str = "data") -> Recipe:
        root = tmp_path / folder
        if not root.exists():
            MAKERS[task][0](root)
        path = tmp_path / "recipe.yaml"
        path.write_text(fill_template(task, name=name, root=root), encoding="utf-8")
        return load_recipe(path, overrides)

    return filled


@pytest.mark.parametrize("task", MAKERS)
@pytest.mark.parametrize("name", ["plain", "with space", 'it\'s: #1 "x"', "ünï", "012", "[a]{b}"])
def test_a_template_loads_and_finds_the_data(
    task: str, name: str, tmp_path: Path, load: Callable[..., Recipe]
) -> None:
    recipe = load(task, name="012", folder=name)
    assert (recipe.name, Path(recipe.data.root)) == ("012", tmp_path / name)
    frame, _ = scan_samples(recipe.data, tmp_path / "work")
    (row,) = frame.to_dict("records")
    assert row["sample"].startswith(MAKERS[task][1])
    assert (read_bands(Path(row["image"])) == 1).all()
    if task in LABELS:
        assert read_label(Path(row["label"]), config_classes(recipe.data)).sum() == LABELS[task]
    path = tmp_path / "again.yaml"
    path.write_text(dump_recipe(recipe), encoding="utf-8")
    assert load_recipe(path) == recipe


ALTERNATIVES = {
    "official lists": ("landcover", "split={kind: fixed, column: official, unlisted: train_only}"),
    "less memory": (
        "landcover", "model.encoder=swin_v2_t", "model.weights=satlas:sentinel2_swint_si_rgb",
    ),
    "the seed's land cover": (
        "landcover", "inputs.normalise={kind: zscore}", "model.weights=satlas:sentinel2_swinb_si_rgb",
        "model.encoder_maps=merges", "model.decoder=pyramid", "model.pyramid={stride: 32}",
        "loss=[{kind: soft_ce, smoothing: 0.1, class_weights: [0.5, 1.5, 0.7, 1, 1.3]}]",
        "train.optimiser={kind: adam, lr: 1.0e-4, weight_decay: 1.0e-4}", "train.freeze=[{stages: 3}]",
    ),
    "both tiers": ("buildings", "data.tiers=[1, 2]", "split.train_only={tier: [2]}"),
    "other windows": (
        "buildings", "data.windows.gsd_m=0.1", "data.windows.scales=[1, 0.5]", "data.ignore_ring_m=0.3",
    ),
    "the seed's buildings": (
        "buildings", "model.encoder=efficientnet_b2", "model.stem_activation=mish",
        "model.context_fpn={norm: mixed, activation: mish, context: true, gate: true}",
        "model.drop_path=0.5", "targets.mask.loss.1.weight=0.1",
    ),
    "a mosaic": (
        "scenes", "data.mosaic=images/(.+?)_", "data.labels=labels/{scene}.geojson",
        "data.areas=areas/{scene}.geojson", "data.test_images=test/*.tif",
    ),
    "several files": ("scenes", "data.more_images=[nir/*.tif]", "data.site=images/([^_]+)"),
    "raster labels": ("scenes", "data.labels=labels/*.tif", "data.ignore=[255]"),
    "lines of two classes": (
        "scenes",
        "data.objects={attribute: type, buffer_m: 3, ignore_ring_m: 0.5}",
        "data.classes=[{name: background, value: 0}, {name: target, value: 1}, "
        "{name: road, value: 2, values: [street, track]}]",
        "select.metric=iou_macro", "select.threshold=argmax",
    ),
    "few scenes": (
        "scenes", "split={kind: spatial_blocks, n_blocks: 50, n_folds: 5, buffer_m: 100}",
        "same_place.sites_are_places=false",
    ),
    "finer windows": ("scenes", "data.windows={window_px: 512, gsd_m: 0.5, cut: spread}"),
}  # fmt: skip
"""What comments of the recipes propose."""


@pytest.mark.parametrize(
    ("task", "overrides"), [(t, o) for t, *o in ALTERNATIVES.values()], ids=ALTERNATIVES
)
def test_what_the_comments_propose_is_valid(
    task: str, overrides: list[str], load: Callable[..., Recipe]
) -> None:
    assert load(task, *overrides) != load(task)


def test_the_templates_are_those_that_are_tested() -> None:
    assert template_names() == sorted(MAKERS)


def test_the_help_names_every_template() -> None:
    assert set(template_names()) <= set(re.findall(r"\w+", TASKS))


def test_there_is_no_such_template(tmp_path: Path) -> None:
    names = "buildings, folder, geopose, kelp, landcover, scenes"
    with pytest.raises(UsageError, match=f"expected a task: {names}; got 'weeds'"):
        fill_template("weeds", name="a", root=tmp_path)


@pytest.mark.parametrize("name", ["", "my run", "-x", "a/b", "ü"])
def test_a_name_that_cannot_be_a_folder_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected a name of letters"):
        fill_template("kelp", name=name, root=tmp_path)


def test_names_are_those_of_the_schema() -> None:
    (constraint,) = Recipe.model_fields["name"].metadata
    assert constraint.pattern == RUN_NAME
