"""What a small model remembers: its score on the very samples that it was trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from landseer.core.files import hash_file, hash_value, read_json, write_json
from landseer.feed.loader import Loader
from landseer.feed.source import MASK
from landseer.metrics.confusion import confusion_matrix
from landseer.models.device import best_device
from landseer.models.store import load_member
from landseer.quantities import ClassMask
from landseer.run.context import Run
from landseer.run.model_stages import Member, make_model, make_source, members_of, trainable

FILE = "remembered.json"
"""Where a small run keeps it."""

Matrices = tuple[NDArray[np.int64], NDArray[np.int64]]


def remembered(run: Run) -> Matrices:
    """Count every sample once as a training sample and once as a held-out one, at the greatest probability.

    A sample is a training sample to the member that holds out the fold after its own.

    Args:
        run: a small run that is trained.

    Returns:
        Two (C, C) int64: predicted by a member that was trained on the sample, and by one that was not.

    Edges: what was counted is kept, and counted again where a member's weights changed.
    """
    members = members_of(run)
    weights = [run.path(f"folds/{member.name}/best.safetensors") for member in members]
    key, kept = hash_value([hash_file(path) for path in weights]), run.path(FILE)
    if not (kept.exists() and read_json(kept)["key"] == key):
        seen = np.sum([_seen(run, m, w) for m, w in zip(members, weights, strict=True)], axis=0)
        write_json(kept, {"key": key, "seen": seen.tolist()})
    held_out = [read_json(run.path(f"folds/{m.name}/done.json"))["matrix"] for m in members]
    seen = np.asarray(read_json(kept)["seen"], np.int64)
    return seen, np.sum(np.asarray(held_out, np.int64), axis=0)


def _seen(run: Run, member: Member, weights: Path) -> NDArray[np.int64]:
    """Count the samples of one fold that the member was trained on."""
    frame, device, n_classes = trainable(run), best_device(), len(run.classes)
    folds = frame["fold"].to_numpy()
    mine = np.flatnonzero(folds == (member.fold - 1) % (int(folds.max()) + 1)).tolist()
    model = load_member(weights, make_model(run, 0, pretrained=False)).eval().to(device)
    counts = np.zeros((n_classes, n_classes), np.int64)
    size = run.recipe.train.batch_size
    with torch.no_grad():
        for batch in Loader(make_source(run, frame), mine, batch_size=size):
            probability = model.values(batch["image"].to(device))[MASK]
            decided = ClassMask(n_classes).decide(probability).cpu().numpy()
            counts += confusion_matrix(batch["targets"][MASK].numpy(), decided, n_classes)
    return counts
