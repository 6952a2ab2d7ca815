"""Training scenes without label: left out, and said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from landseer.adapters.scene import Scene
from landseer.samples.findings import EXCLUDED, Finding

_NO_LABEL = "label is missing"


def exclude_unlabelled(scenes: Iterable[Scene]) -> tuple[list[Scene], list[Finding]]:
    """Exclude training scenes that have no label; test scenes need none.

    Returns:
        All scenes in their order, and one finding for each that is newly excluded.
    """
    found = list(scenes)
    kept = [replace(one, excluded=_NO_LABEL) if _is_lone(one) else one for one in found]
    return kept, [
        Finding(one.name, str(one.images[0]), "", _NO_LABEL, "", EXCLUDED)
        for one in found
        if _is_lone(one)
    ]


def _is_lone(scene: Scene) -> bool:
    """Tell a training scene that should have a label and has none."""
    return scene.side == "train" and not scene.labels and scene.excluded is None
