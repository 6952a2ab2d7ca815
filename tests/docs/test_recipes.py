"""Recipes on the pages: every YAML block is valid, and whole ones fit data made as the page describes."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from landseer.adapters import config_bands, config_classes, config_references, scan_samples
from landseer.adapters.folder_config import FolderConfig
from landseer.adapters.pattern import fill, wildcards
from landseer.audit.examine import examine
from landseer.raster.write import write_raster
from landseer.recipe.load import load_recipe, validate
from landseer.recipe.schema import Recipe
from landseer.recipe.template import fill_template
from landseer.recipe.yaml_file import parse_yaml

SIDE_PX = 24
NAMES = ("north_2021-06-01", "south_2022-07-15")
"""What wildcards stand for in data made from a recipe's patterns."""


@pytest.fixture(scope="session")
def recipes(blocks: list[Any]) -> list[tuple[Any, dict[str, Any]]]:
    """Return every YAML block with its values."""
    found = []
    for block in (b for b in blocks if b.language == "yaml"):
        values, _ = parse_yaml(block.text, block.place)
        assert isinstance(values, dict), block.place
        found.append((block, values))
    return found


def is_whole(values: dict[str, Any]) -> bool:
    return {"landseer", "name", "data"} <= values.keys()


def laid_over(base: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Lay a fragment over a recipe: its keys take the place of theirs; a section of another kind that of the whole."""
    result = dict(base)
    for section, value in values.items():
        inner = result.get(section)
        is_part = isinstance(value, dict) and not {"kind", "adapter"} & value.keys()
        result[section] = {**inner, **value} if is_part and isinstance(inner, dict) else value
    return result


def test_keys_of_every_block_are_keys_of_the_recipe(
    recipes: list[tuple[Any, dict[str, Any]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bases = {
        task: parse_yaml(fill_template(task, name="docs", root=tmp_path), task)[0]
        for task in ("kelp", "geopose")
    }
    assert len(recipes) > 8
    for block, values in recipes:
        if is_whole(values):
            continue
        mined = Path(values.get("mine", {}).get("mined", "weights.csv"))
        mined.parent.mkdir(parents=True, exist_ok=True)
        mined.touch()  # an earlier run is part of the page's story
        base = bases["geopose" if "targets" in values else "kelp"]
        assert values.keys() <= Recipe.model_fields.keys(), block.place
        if "data" in values:
            Recipe.model_validate(laid_over(base, values))
        else:
            validate(laid_over(base, values), {}, block.place)


def test_whole_recipes_load_and_their_data_is_found(
    recipes: list[tuple[Any, dict[str, Any]]], tmp_path: Path
) -> None:
    whole = [(block, values) for block, values in recipes if is_whole(values)]
    assert whole
    for number, (block, values) in enumerate(whole):
        folder = tmp_path / str(number)
        path = folder / "recipe.yaml"
        (folder / values["data"]["root"]).mkdir(parents=True)
        path.write_text(block.text, encoding="utf-8")
        recipe = load_recipe(path)
        if isinstance(recipe.data, FolderConfig):
            make_data(recipe.data)
            frame, findings = scan_samples(recipe.data)
            bands, classes = config_bands(recipe.data), config_classes(recipe.data)
            references = config_references(recipe.data)
            frame, more = examine(frame, bands, classes, references=references, workers=0)
            assert not [*findings, *more], f"{block.place}: {[*findings, *more]}"
            assert frame["excluded"].isna().all(), block.place
            assert recipe.data.site is None or frame["site"].nunique() == len(NAMES), block.place


def make_data(config: FolderConfig) -> None:
    """Write images and labels where a recipe's patterns look for them."""
    sides = ((config.images, config.labels), (config.test_images, config.test_labels))
    for images, labels in sides:
        for name in NAMES:
            if images is not None:
                _write_image(config, images, name)
            if labels is not None:
                _write_label(config, labels, name)

    _write_values(config)


def _write_values(config: FolderConfig) -> None:
    """Write the rasters and the tables of values that are no classes."""
    for value in config.values:
        side_px = SIDE_PX // 4 if value.grid == "own" else SIDE_PX
        for number, name in enumerate(NAMES):
            rng = np.random.default_rng(number)
            pixels = rng.uniform(1, 20, (side_px, side_px)).astype(np.float32)
            write_raster(_place(config, value.files, name), pixels)
    for spec in config.numbers:
        rows = [f"{name},{number + 1.5}" for number, name in enumerate(NAMES)]
        text = "\n".join([f"sample,{spec.column_name}", *rows])
        (Path(config.root) / spec.table).write_text(text, encoding="utf-8")


def _place(config: FolderConfig, pattern: str, name: str) -> Path:
    """Fill a pattern's wildcards with one name."""
    return Path(config.root) / fill(pattern, (name,) * len(wildcards(pattern)))


def _write_image(config: FolderConfig, pattern: str, name: str) -> None:
    """Write an image with as many bands as the recipe lists."""
    count = max(band.index for band in config_bands(config))
    rng = np.random.default_rng(crc32(f"{pattern} {name}".encode()))
    pixels = rng.integers(1, 255, (count, SIDE_PX, SIDE_PX))
    _write(_place(config, pattern, name), pixels.astype(np.uint8))


def _write_label(config: FolderConfig, pattern: str, name: str) -> None:
    """Write a label that holds every value of the recipe's classes, and those it ignores."""
    values = [*config_classes(config).values, *config.ignore]
    rng = np.random.default_rng(crc32(f"{pattern} {name}".encode()))
    chosen = rng.permutation(np.resize(np.arange(len(values)), SIDE_PX**2)).reshape(
        SIDE_PX, SIDE_PX
    )
    table = np.array(values, np.uint8)
    pixels = table[chosen]
    pixels = np.moveaxis(pixels, -1, 0) if pixels.ndim == 3 else pixels
    _write(_place(config, pattern, name), pixels)


def _write(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write (bands, h, w) or (h, w) as GeoTIFF or PNG, by the name's ending."""
    if path.suffix != ".png":
        write_raster(path, pixels)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.moveaxis(pixels, 0, -1) if pixels.ndim == 3 else pixels).save(path)
