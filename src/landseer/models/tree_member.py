"""Trees as a member of an ensemble: raw numbers of an image in, logits of the class mask out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from landseer.core.bands import Band
from landseer.models.config import PreprocessConfig
from landseer.models.targets import MASK
from landseer.models.tree_channels import TreeChannels
from landseer.models.tree_files import Scorer, load_trees

_PIXELS = 1 << 17
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
        z_bfhw = self.channels(x_bchw.cpu())
        b, _, h, w = z_bfhw.shape
        rows = max(1, _PIXELS // (b * w))
        logits = [self._of_rows(z_bfhw[:, :, row : row + rows]) for row in range(0, h, rows)]
        return {self._target: torch.cat(logits, dim=2).to(x_bchw.device)}

    def _of_rows(self, z_bfhw: Tensor) -> Tensor:
        """Ask about some rows."""
        b, f, h, w = z_bfhw.shape
        x_nf = z_bfhw.permute(0, 2, 3, 1).reshape(-1, f).numpy()
        said = self._scorer(np.ascontiguousarray(x_nf), torch.get_num_threads())
        return torch.from_numpy(said).reshape(b, h, w, -1).permute(0, 3, 1, 2)


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
