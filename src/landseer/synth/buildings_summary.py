"""What a made-up buildings data set came out as, and what its files do not say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from landseer.synth.label_flaws import Flaw


@dataclass(frozen=True)
class SceneTruth:
    """What the files of a scene do not say.

    Attributes:
        name, part, area: which scene.
        rows, cols, gsd_m: its grid.
        lean_south, lean_east: mean lean, metres on the ground per metre of height.
        sun_azimuth_deg, sun_elevation_deg: light.
        valid_share: share of its pixels that the mosaic covers.
        built_share: share of those in a footprint.
        n_buildings: footprints in view.
        n_labels: outlines in the label file; 0 of test scenes.
        chips: number of test chips.
    """

    name: str
    part: str
    area: str
    rows: int
    cols: int
    gsd_m: float
    lean_south: float
    lean_east: float
    sun_azimuth_deg: float
    sun_elevation_deg: float
    valid_share: float
    built_share: float
    n_buildings: int
    n_labels: int
    chips: int


@dataclass(frozen=True)
class BuildingsSummary:
    """Counts of a made-up buildings data set.

    Attributes:
        out: folder.
        made: False where it was there already.
        n_tier_1, n_tier_2: training scenes.
        n_chips: test chips.
        n_buildings: buildings of the training scenes.
        n_labels: their labels.
        flaws: number of labels per flaw.
    """

    out: str
    made: bool
    n_tier_1: int
    n_tier_2: int
    n_chips: int
    n_buildings: int
    n_labels: int
    flaws: dict[str, int]

    @property
    def text(self) -> str:
        """One paragraph for people."""
        flaws = ", ".join(f"{name} {count}" for name, count in self.flaws.items())
        return (
            f"{'made' if self.made else 'kept'} {self.out}: {self.n_tier_1} scenes of tier 1, {self.n_tier_2} of tier "
            f"2, {self.n_chips} test chips; {self.n_buildings} buildings, {self.n_labels} labels"
            + (f"; {flaws}" if flaws else "")
        )


def summarise(
    out: Path, scenes: Sequence[SceneTruth], flaws: Sequence[Flaw], *, made: bool
) -> BuildingsSummary:
    """Add up a data set.

    Args:
        out: folder.
        scenes: all scenes.
        flaws: of all labels.
        made: whether it was made just now.
    """
    train = [scene for scene in scenes if scene.part.startswith("train")]
    kinds = sorted({flaw.flaw for flaw in flaws})
    return BuildingsSummary(
        out=str(out),
        made=made,
        n_tier_1=sum(scene.part.endswith("1") for scene in train),
        n_tier_2=sum(scene.part.endswith("2") for scene in train),
        n_chips=sum(scene.chips for scene in scenes),
        n_buildings=sum(scene.n_buildings for scene in train),
        n_labels=sum(scene.n_labels for scene in train),
        flaws={kind: sum(flaw.flaw == kind for flaw in flaws) for kind in kinds},
    )
