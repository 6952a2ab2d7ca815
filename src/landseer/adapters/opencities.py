"""The Open Cities data set: drone mosaics of African cities with outlines of buildings, read without cutting chips."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd

from landseer.adapters.opencities_config import OpencitiesConfig, bands, classes, references
from landseer.adapters.opencities_listing import Entry, list_scenes, list_tests
from landseer.adapters.scene import Scene, scan_scenes
from landseer.adapters.unlabelled import exclude_unlabelled
from landseer.errors import DataError
from landseer.samples.findings import Finding

__all__ = ["bands", "classes", "references", "scan"]


def scan(config: OpencitiesConfig, work: Path) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Make the sample table: windows of the training scenes, and test chips as they are.

    Args:
        config: recipe key `data`.
        work: folder for burnt labels and virtual rasters.

    Returns:
        The sample table, and what was found on the way. Scenes are called AREA_SCENE; the site is the area, that is,
        the city. `area` and `tier` stand in columns of their own, empty for test chips.

    Raises:
        DataError: there are neither training scenes of these tiers nor test chips, or the table of files is wrong.
        FileReadError: the table of files cannot be read.

    Edges: outlines are taken for EPSG:4326 whatever their files say; boxes and footprints of the catalogue are not
        used, for some miss their scenes. A scene without label is excluded.
    """
    root = Path(config.root).absolute()
    entries, findings = list_scenes(root, config.tiers)
    chips, missing = list_tests(root)
    if not entries and not chips:
        folders = " or ".join(f"train_tier_{tier}/" for tier in config.tiers)
        raise DataError(
            f"expected scenes in {folders}, or chips in test/; found none",
            where=root,
            do="correct `root`: the folder into which the archives were unpacked",
        )
    scenes, lone = exclude_unlabelled(_scene(root, entry) for entry in entries)
    tests = [Scene(name, (path,), side="test", whole=True) for name, path in chips.items()]
    frame, found = scan_scenes(
        [*scenes, *tests], config.windows, work, rules=config.rules(), bands=bands(config)
    )
    return frame, findings + missing + lone + found


def _scene(root: Path, entry: Entry) -> Scene:
    """Make the scene of an entry; a file of which nothing is known is expected where it usually lies."""
    folder = root / f"train_tier_{entry.tier}" / entry.area / entry.scene
    image = entry.image or folder / f"{entry.scene}.tif"
    return Scene(
        f"{entry.area}_{entry.scene}",
        (image,),
        () if entry.label is None else (entry.label,),
        site=entry.area,
        date=entry.date,
        columns={"area": entry.area, "tier": entry.tier},
    )
