"""The page of two runs: every sample is a dot at its two scores, and those that differ most are listed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.report.versus_page import (
    Side,
    _sample_figure,
    build_versus_page,
    headline,
    names_of,
    told_apart,
)
from landseer.select.versus import Paired, SamplePair, Versus


def versus(n: int) -> Versus:
    rng = np.random.default_rng(0)
    pairs = [
        SamplePair(f"tile{i:02d}", f"place{i % 3}", *rng.random(2).tolist(), 100, 100 + n // 2 - i)
        for i in range(n)
    ]
    whole = Paired("iou_kelp", 0.5, 0.6, 0.1, 0.05, 0.15)
    return Versus("iou_kelp", whole, {"kelp": (whole,)}, tuple(pairs), 3, 2, 1, 0.95)


def side(name: str) -> Side:
    selection: Any = None
    return Side(name, (Band("red", 1, ("R",)),), ClassTable(("water", "kelp"), (0, 1)), selection,
                Path("oof"), None)  # fmt: skip


def test_every_sample_is_a_dot_at_its_two_scores() -> None:
    found = versus(9)
    (axis,) = _sample_figure(found, ("first", "second")).axes
    dots = np.asarray(axis.collections[0].get_offsets())
    assert dots == pytest.approx(np.array([[one.first, one.second] for one in found.samples]))
    colours = axis.collections[0].get_facecolors()
    better = np.array([one.second > one.first for one in found.samples])
    assert len(np.unique(colours[better], axis=0)) == len(np.unique(colours[~better], axis=0)) == 1
    assert not np.array_equal(colours[better][0], colours[~better][0])


def test_samples_without_a_score_are_left_out_of_the_picture() -> None:
    undefined = SamplePair("x", "p", float("nan"), 0.5, 1, 2)
    found = versus(1)
    alone = Versus("iou_kelp", found.whole, {}, (undefined,), 1, 0, 0, 0.95)
    (axis,) = _sample_figure(alone, ("first", "second")).axes
    assert len(axis.collections[0].get_offsets()) == 0


@pytest.mark.parametrize(("n", "listed"), [(6, 5), (60, 20)])
def test_those_that_differ_most_are_listed(tmp_path: Path, n: int, listed: int) -> None:
    page = tmp_path / "index.html"
    build_versus_page(versus(n), (side("a"), side("b")), page, examples=0)
    text = page.read_text()
    assert f"The {listed} samples that differ most" in text
    assert "tile00" in text and f"tile{n - 1:02d}" in text
    assert f"+{n // 2}" in text, "the greatest gain"
    if n > 20:
        assert "tile30" not in text, "what hardly differs is not listed"


@pytest.mark.parametrize(
    ("names", "folders", "said"),
    [
        (("a", "b"), ("x", "y"), "iou_kelp of b is +0.100 against a "),
        (("kelp", "kelp"), ("runs/one", "runs/two"), "iou_kelp of two is +0.100 against one "),
        (("kelp", "kelp"), ("a/kelp", "b/kelp"), "of b/kelp is +0.100 against a/kelp "),
        (("kelp", "kelp"), ("one", "one"), "of kelp (second) is +0.100 against kelp (first) "),
    ],
)
def test_runs_of_one_recipe_are_told_apart(
    tmp_path: Path, names: tuple[str, str], folders: tuple[str, str], said: str
) -> None:
    sides = told_apart(
        (side(names[0]), side(names[1])), (tmp_path / folders[0], tmp_path / folders[1])
    )
    assert said in headline(versus(6), names_of(sides))
