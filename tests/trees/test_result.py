"""What the figures say in one sentence, either way."""

from __future__ import annotations

from pathlib import Path

import pytest

from landseer.errors import FileReadError
from landseer.select.estimate import Estimate
from landseer.trees.result import Compared, Kind, read_compared, verdict


def compared(gain: Estimate | None) -> Compared:
    """Make a comparison in which the network brings this."""
    kinds = tuple(
        Kind(
            name=name,
            score=Estimate(value=value, low=value - 0.05, high=value + 0.05),
            scores={"iou_water": value, "mcc": None},
            threshold=0.4,
            rounds=(20, 30),
            train_s=3.0,
            oof_px_s=None,
            network_gain=gain,
            groups_better=None if gain is None else 5,
            groups_worse=None if gain is None else 4,
        )
        for name, value in (("xgboost", 0.7), ("forest", 0.6))
    )
    return Compared(
        metric="iou_water",
        level=0.95,
        network=None
        if gain is None
        else Estimate(value=0.7 + (gain.value or 0), low=0.6, high=0.9),
        kinds=kinds,
        best="xgboost",
        n_samples=20,
        n_groups=9,
        table_px=100,
        table_px_by_class={"land": 60, "water": 40},
        all_px_by_class={"land": 600.0, "water": 40.0},
        channels=("red",),
    )


@pytest.mark.parametrize(
    ("gain", "said"),
    [
        (Estimate(value=0.1, low=0.02, high=0.2), "+0.020 to +0.200 over 9 places): it is worth it"),
        (Estimate(value=0.1, low=-0.02, high=0.2), "may be chance: the network has not shown"),
        (Estimate(value=-0.1, low=-0.2, high=-0.05), "loses -0.100"),
        (Estimate(value=-0.1, low=None, high=None), "too few places"),
        (None, "The best trees (xgboost) 0.700 (iou_water); no network"),
    ],
)  # fmt: skip
def test_the_sentence(gain: Estimate | None, said: str) -> None:
    assert said in verdict(compared(gain))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    found = compared(Estimate(value=0.1, low=0.02, high=0.2))
    found.write(tmp_path / "trees.json")
    assert read_compared(tmp_path / "trees.json") == found
    with pytest.raises(FileReadError, match="expected what trees scored"):
        read_compared(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(FileReadError, match="expected what trees scored"):
        read_compared(tmp_path / "bad.json")
