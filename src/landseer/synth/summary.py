"""What was made: counts and shares of a made-up data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from landseer.synth.truth import TileTruth


@dataclass(frozen=True)
class Summary:
    """Counts and shares of a made-up data set.

    Attributes:
        root: folder of the data set.
        n_train, n_test, n_places: numbers of tiles and places.
        kelp_share: kelp pixels (truth) over all pixels.
        no_kelp_share: share of the tiles without a kelp pixel.
        qa_share: flagged pixels over all pixels.
        made: False when the same data set was already there and nothing was written.
    """

    root: Path
    n_train: int
    n_test: int
    n_places: int
    kelp_share: float
    no_kelp_share: float
    qa_share: float
    made: bool

    @property
    def text(self) -> str:
        """What people read."""
        state = "made" if self.made else "was already there, nothing written"
        return (
            f"{self.root}: {state}; {self.n_train} training and {self.n_test} test tiles of "
            f"{self.n_places} places\nkelp on {self.kelp_share:.2%} of all pixels, none in "
            f"{self.no_kelp_share:.0%} of the tiles; {self.qa_share:.1%} of the pixels flagged"
        )


def summarise(root: Path, rows: Sequence[TileTruth], size_px: int, made: bool) -> Summary:
    """Sum up the truth table.

    Args:
        root: folder of the data set.
        rows: one per tile.
        size_px: side of the tiles.
        made: whether files were written now.

    Edges: no tiles gives shares of 0.
    """
    count = max(len(rows), 1)
    return Summary(
        root=root,
        n_train=sum(row.side == "train" for row in rows),
        n_test=sum(row.side == "test" for row in rows),
        n_places=len({row.place for row in rows}),
        kelp_share=sum(row.kelp_pixels for row in rows) / (count * size_px * size_px),
        no_kelp_share=sum(row.kelp_pixels == 0 for row in rows) / count,
        qa_share=sum(row.qa_share for row in rows) / count,
        made=made,
    )
