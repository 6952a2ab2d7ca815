"""What was made: counts and shares of a made-up geopose data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from landseer.synth.geopose_truth import GeoposeTruth


@dataclass(frozen=True)
class GeoposeSummary:
    """Counts and shares of a made-up geopose data set.

    Attributes:
        root: folder of the data set.
        n_train, n_test, n_places: numbers of tiles and places.
        mean_agl_m: mean height above ground over all tiles.
        hidden_share: share of the ground that stands behind something.
        unknown_share: share of the training heights without a value.
        made: False when the same data set was already there and nothing was written.
    """

    root: Path
    n_train: int
    n_test: int
    n_places: int
    mean_agl_m: float
    hidden_share: float
    unknown_share: float
    made: bool

    @property
    def text(self) -> str:
        """What people read."""
        state = "made" if self.made else "was already there, nothing written"
        return (
            f"{self.root}: {state}; {self.n_train} training and {self.n_test} test tiles of "
            f"{self.n_places} places\nmean height {self.mean_agl_m:.1f} m above ground; "
            f"{self.hidden_share:.1%} of the ground hidden; {self.unknown_share:.1%} of the training heights unknown"
        )


def summarise_tiles(root: Path, rows: Sequence[GeoposeTruth], made: bool) -> GeoposeSummary:
    """Sum up the truth table.

    Args:
        root: folder of the data set.
        rows: one per tile.
        made: whether files were written now.

    Edges: no tiles gives 0.
    """
    train = [row for row in rows if row.side == "train"]
    return GeoposeSummary(
        root=root,
        n_train=len(train),
        n_test=len(rows) - len(train),
        n_places=len({(row.city, row.place) for row in rows}),
        mean_agl_m=sum(row.mean_agl_m for row in rows) / max(len(rows), 1),
        hidden_share=sum(row.hidden_share for row in rows) / max(len(rows), 1),
        unknown_share=sum(row.unknown_share for row in train) / max(len(train), 1),
        made=made,
    )
