"""A process killed without warning, and the one that goes on after it, give the weights of an unbroken one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

SCRIPT = textwrap.dedent(
    """
    import sys
    from pathlib import Path

    import numpy as np
    import torch

    torch.set_num_threads(1)
    from landseer.augment import AugmentConfig
    from landseer.core.bands import Band
    from landseer.core.classes import ClassTable
    from landseer.feed.source import Item, Source
    from landseer.losses import Dice
    from landseer.models.config import ModelConfig, PreprocessConfig
    from landseer.models.model import build_model
    from landseer.raster.write import write_raster
    from landseer.train.config import AdamW, TrainConfig
    from landseer.train.fit import fit_member
    from landseer.train.job import Job
    from landseer.train.objective import TargetLosses

    folder = Path(sys.argv[1])
    bands, classes = (Band("red", 1),), ClassTable(("a", "b"), (0, 1))
    rng = np.random.default_rng(0)
    items = []
    for number in range(6):
        image, label = folder / f"{number}.tif", folder / f"{number}_l.tif"
        if not label.exists():
            mask = rng.random((32, 32)) < 0.5
            write_raster(image, (mask * 100).astype(np.int16)[None])
            write_raster(label, mask.astype(np.uint8))
        items.append(Item(str(number), image, label))
    figures = {"count": 1, "min": 0.0, "max": 100.0, "mean": 50.0, "std": 20.0}
    figures["quantiles"] = {"0.01": 0.0, "0.99": 100.0}
    model = build_model(
        PreprocessConfig(bands=("red",)),
        ModelConfig(encoder="test_resnet", weights="none", depth=3, decoder_channels=(16, 8, 8)),
        bands,
        {"channels": {"red": figures}},
        2,
        seed=1,
    )
    job = Job("m", folder / "run", Source(items, bands, classes), (0, 1, 2, 3), (4, 5), None,
              bands, classes, "dice_b", 3)
    config = TrainConfig(epochs=6, batch_size=2, optimiser=AdamW(lr=1e-3), precision="fp32",
                         images=0, workers=1, ema_decay=0.9)
    fit_member(job, model, {"mask": TargetLosses((Dice(),))}, AugmentConfig(noise_std=0.1), config)
    """
)


def start(folder: Path) -> subprocess.Popen[str]:
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-c", SCRIPT, str(folder)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=dict(os.environ))


@pytest.mark.slow
def test_a_process_killed_without_warning_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    whole = start(tmp_path / "whole")
    killed = start(tmp_path / "killed")
    assert killed.stderr is not None
    for line in killed.stderr:
        if "epoch 3/6" in line:
            os.kill(killed.pid, signal.SIGKILL)
            break
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "killed/run/done.json").exists()
    again = start(tmp_path / "killed")
    _, text = again.communicate()
    assert again.returncode == 0, text
    assert "epoch 1/6" not in text, "it should not begin from the start"
    assert whole.communicate() and whole.returncode == 0
    left, right = (
        load_file(tmp_path / name / "run/best.safetensors") for name in ("whole", "killed")
    )
    assert left.keys() == right.keys()
    for name in left:
        assert torch.equal(left[name], right[name]), name
