"""The pixel table: what is written is read, and a run that was stopped goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from landseer.errors import FileReadError
from landseer.trees.table import Pixels, PixelTable, plan_parts, write_table

NAMES = ("red", "nir")
SAMPLES = [(f"s{n}", n % 3 - 1, f"g{n // 2}") for n in range(9)]
FOLDS = [fold for _, fold, _ in SAMPLES]


def pixels_of(position: int) -> Pixels:
    """Make a sample's pixels; sample 4 has none."""
    rng = np.random.default_rng(position)
    n = 0 if position == 4 else 5 + position
    channels = rng.normal(size=(n, 2)).astype(np.float32)
    channels[rng.random((n, 2)) < 0.2] = np.nan
    row, col = rng.integers(0, 50, (2, n))
    truth = rng.integers(0, 2, n).astype(np.uint8)
    return Pixels(row, col, truth, rng.random(n).astype(np.float32), channels)


def test_files_hold_one_fold_each_and_every_sample_once() -> None:
    parts = plan_parts(FOLDS, [10.0] * 9, 20)
    assert sorted(p for part in parts for p in part.positions) == list(range(9))
    assert all({FOLDS[p] for p in part.positions} == {part.fold} for part in parts)
    assert max(len(part.positions) for part in parts) == 2
    assert len({part.name for part in parts}) == len(parts) == 6


def test_pandas_reads_what_was_written(tmp_path: Path) -> None:
    write_table(tmp_path / "t", "key", NAMES, SAMPLES, plan_parts(FOLDS, [10.0] * 9, 20), pixels_of)
    frame = pd.concat([pd.read_parquet(p) for p in (tmp_path / "t").glob("*.parquet")])
    assert list(frame.columns) == [
        "sample",
        "fold",
        "group",
        "row",
        "col",
        "class",
        "weight",
        *NAMES,
    ]
    for position, (name, fold, group) in enumerate(SAMPLES):
        own, mine = frame[frame["sample"] == name], pixels_of(position)
        assert len(own) == len(mine.truth)
        assert set(own["fold"]) <= {fold} and set(own["group"]) <= {group}
        np.testing.assert_array_equal(own[list(NAMES)].to_numpy(), mine.channels)
        np.testing.assert_array_equal(own["row"], mine.row)
        np.testing.assert_array_equal(own["class"], mine.truth)
        np.testing.assert_array_equal(own["weight"], mine.weight)


def test_blocks_give_the_wanted_samples_alone(tmp_path: Path) -> None:
    parts = plan_parts(FOLDS, [10.0] * 9, 20)
    table = write_table(tmp_path / "t", "key", NAMES, SAMPLES, parts, pixels_of)
    wanted = np.zeros(9, bool)
    wanted[[0, 2, 4, 7]] = True
    blocks = list(table.blocks(wanted))
    samples = np.concatenate([block.samples for block in blocks])
    assert set(samples.tolist()) == {0, 2, 7}
    for position in (0, 2, 7):
        mine = np.concatenate([b.channels[b.samples == position] for b in blocks])
        np.testing.assert_array_equal(mine, pixels_of(position).channels)
    truth, weight = table.labels(wanted)
    np.testing.assert_array_equal(truth, np.concatenate([block.truth for block in blocks]))
    np.testing.assert_array_equal(weight, np.concatenate([block.weight for block in blocks]))
    assert sum(table.counts(wanted).values()) == len(samples)
    assert len(table) == sum(len(pixels_of(p).truth) for p in range(9))
    nothing = table.labels(np.zeros(9, bool))
    assert len(nothing[0]) == len(nothing[1]) == len(table.empty().truth) == 0


def test_what_was_stopped_goes_on_and_other_keys_begin_anew(tmp_path: Path) -> None:
    asked: list[int] = []

    def noted(position: int) -> Pixels:
        asked.append(position)
        if len(asked) == 6:
            raise KeyboardInterrupt
        return pixels_of(position)

    parts = plan_parts(FOLDS, [10.0] * 9, 20)
    with pytest.raises(KeyboardInterrupt):
        write_table(tmp_path / "t", "key", NAMES, SAMPLES, parts, noted)
    with pytest.raises(FileReadError, match="whole pixel table"):
        PixelTable(tmp_path / "t")
    write_table(tmp_path / "t", "key", NAMES, SAMPLES, parts, noted)
    whole = [p for part in parts for p in part.positions]
    assert asked[:6] == whole[:6]
    first = next(n for n, p in enumerate(parts) if whole[5] in p.positions)
    assert asked[6:] == [p for part in parts[first:] for p in part.positions]
    there = len(asked)
    write_table(tmp_path / "t", "key", NAMES, SAMPLES, parts, noted)
    assert len(asked) == there
    write_table(tmp_path / "t", "other", NAMES, SAMPLES, parts, noted)
    assert asked[there:] == whole
