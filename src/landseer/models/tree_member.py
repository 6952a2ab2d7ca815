"""Trees as a member of an ensemble: raw numbers of an image in, logits of the class mask out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from landseer.core.bands import Band
from landseer.models.config import PreprocessConfig
from landseer.models.targets import MASK
from landseer.models.tree_channels import TreeChannels
from landseer.models.tree_files import Scorer, load_trees

_PIXELS = 1 << 15
"""Pixels that go through the trees at once: their channels fit the cache of a processor."""


class TreeMember(nn.Module):
    """Ask trees about every pixel.

    Args:
        channels: what they see.
        scorer: the trees.
        target: name of the class mask.

    Edges: trees run on the processor, in as many threads as torch has; the answer goes where the image is.
    """

    def __init__(self, channels: TreeChannels, scorer: Scorer, target: str = MASK) -> None:
        super().__init__()
        self.channels, self._scorer, self._target = channels, scorer, target

    @torch.no_grad()
    def forward(self, x_bchw: Tensor, gsd_m: Tensor | None = None) -> dict[str, Tensor]:
        """Compute logits.

        Args:
            x_bchw: raw digital numbers, NaN allowed.
            gsd_m: not looked at.

        Returns:
            By the name of the class mask, (b, C, h, w) float32.
        """
        z_bfhw = self.channels(x_bchw.cpu()).numpy()
        b, _, h, w = z_bfhw.shape
        rows = max(1, _PIXELS // w)
        parts = [(i, slice(row, row + rows)) for i in range(b) for row in range(0, h, rows)]
        said = list(self._ask(z_bfhw[i][:, part] for i, part in parts))
        logits = np.empty((b, said[0].shape[1], h, w), np.float32)
        for (i, part), one in zip(parts, said, strict=True):
            into = logits[i][:, part]
            into[:] = one.T.reshape(into.shape)
        return {self._target: torch.from_numpy(logits).to(x_bchw.device)}

    def _ask(self, pixels: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """Ask about some rows after others, in as many threads as torch has.

        Each takes the next rows when it has done: shared out beforehand, as the libraries do it, all would wait for the
        one whose processor has other work, such as the reading of the next rows.
        """
        threads = torch.get_num_threads()
        if threads == 1:
            yield from map(self._of_rows, pixels)
            return
        with ThreadPoolExecutor(threads, thread_name_prefix="trees") as executor:
            yield from executor.map(self._of_rows, pixels)

    def _of_rows(self, z_fhw: NDArray[np.float32]) -> NDArray[np.float32]:
        """Ask about some rows."""
        return self._scorer(np.ascontiguousarray(z_fhw.reshape(len(z_fhw), -1).T), 1)


def load_tree_member(
    path: Path,
    inputs: PreprocessConfig,
    bands: Sequence[Band],
    neighbourhood: Sequence[int] = (),
    target: str = MASK,
) -> TreeMember:
    """Read trees as a member.

    Args:
        path: of `load_trees`.
        inputs, bands, neighbourhood: of `TreeChannels`, as the trees were trained.
        target: name of the class mask.

    Raises:
        FileReadError: the file is missing, damaged or of another kind.
        UsageError: the library is not installed.
    """
    return TreeMember(TreeChannels(inputs, bands, neighbourhood), load_trees(path), target).eval()
