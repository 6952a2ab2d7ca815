"""The inner part: training groups that tell how many rounds are enough."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from landseer.core.seeds import derive


def inner_part(
    groups: Sequence[str], wanted: NDArray[np.bool_], share: float, seed: int
) -> NDArray[np.bool_]:
    """Draw some of the groups that train.

    Args:
        groups: of each sample.
        wanted: (samples,) bool, those that train.
        share: of their groups that is drawn, rounded up.
        seed: what draws; a group is drawn or not whatever the order of the samples.

    Returns:
        (samples,) bool: the wanted samples of these groups.

    Edges: one group alone cannot be divided: none is drawn.
    """
    known = {group for group, is_wanted in zip(groups, wanted, strict=True) if is_wanted}
    if len(known) < 2:
        return np.zeros(len(groups), bool)
    n = min(math.ceil(share * len(known)), len(known) - 1)
    drawn = set(sorted(known, key=lambda group: (derive(seed, "inner", group), group))[:n])
    return wanted & np.array([group in drawn for group in groups], bool)
