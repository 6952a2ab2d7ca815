"""The buildings of SpaceNet 1, 2 and 4: small tiles with outlines, several views of a place in the last."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd

from landseer.adapters.scene import Scene, scan_scenes
from landseer.adapters.scene_config import WindowsConfig
from landseer.adapters.spacenet_config import SpacenetConfig, bands, classes, references
from landseer.adapters.spacenet_files import Tile, find_labels, find_tiles
from landseer.adapters.unlabelled import exclude_unlabelled
from landseer.errors import DataError, FileReadError
from landseer.samples.findings import Finding
from landseer.samples.schema import shorten
from landseer.vector.rules import Kind, LabelRules

__all__ = ["bands", "classes", "references", "scan"]


def scan(config: SpacenetConfig, work: Path) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Make the sample table: one row per image, with its outlines burnt on its grid.

    Args:
        config: recipe key `data`.
        work: folder for burnt labels.

    Returns:
        The sample table, and what was found on the way. The site is the place, so that all views of one stay together;
        `area` is the city, `angle_deg` the off-nadir angle and `catid` the satellite scene, empty where there is one
        view only.

    Raises:
        DataError: there is no image of the product, or two files have the name of one tile.
        FileReadError: the root is missing.

    Edges: a label without objects says that there are no buildings; a training tile without label file is excluded,
        and so is one whose label is damaged. Pixels stay as they are: no file of 8 bits is written.
    """
    root = Path(config.root).absolute()
    if not root.is_dir():
        raise FileReadError("expected a folder; there is none", where=root, do="correct `root`")
    tiles, strange = find_tiles(root, config.product)
    if not tiles:
        raise DataError(
            f"expected GeoTIFFs of SpaceNet in folders called {config.product}; found none",
            where=root,
            do="correct `root` or `product`",
        )
    labels, others = find_labels(root)
    findings = _left_out(root, strange, "image whose name is none of SpaceNet's")
    findings += _left_out(root, others, "vector file that is no tile's buildings")
    rules = LabelRules(kinds=(Kind(1),), all_touched=config.all_touched)
    scenes, lone = exclude_unlabelled(_scene(tile, labels.get(tile.place)) for tile in tiles)
    frame, found = scan_scenes(scenes, WindowsConfig(), work, rules=rules, bands=bands(config))
    return frame, findings + lone + found


def _scene(tile: Tile, label: Path | None) -> Scene:
    """Make the scene of a tile: one sample, with what its name says."""
    known = {"area": tile.area, "angle_deg": tile.angle_deg, "catid": tile.catid}
    return Scene(
        tile.name,
        (tile.path,),
        () if label is None else (label,),
        side=tile.side,
        site=tile.place,
        whole=True,
        columns={key: value for key, value in known.items() if value is not None},
    )


def _left_out(root: Path, files: list[Path], what: str) -> list[Finding]:
    """Report files that are not used, once for all."""
    if not files:
        return []
    names = shorten(str(path.relative_to(root)) for path in files)
    return [Finding("", str(root), "", what, f"{len(files)} files: {names}", "not used")]
