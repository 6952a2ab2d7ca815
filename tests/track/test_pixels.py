"""Stretch, hatch, colours and outlines; colours stay apart for the colour-blind."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landseer.report.style import LINES
from landseer.track.figures import FAINT, INK
from landseer.track.pixels import (
    HITS,
    PALETTE,
    class_colours,
    hatch,
    hits,
    length_text,
    nice_length,
    outline,
    paint,
    stretch,
)

# Machado, Oliveira & Fernandes (2009), doi:10.1109/TVCG.2009.113, severity 1, on linear RGB.
SIGHT = {
    "normal": np.eye(3),
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
}  # fmt: skip
XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.072175],
        [0.0193339, 0.119192, 0.9503041],
    ]
)


def linear(colour: str) -> np.ndarray:
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    x, y, z = np.cbrt(XYZ @ np.clip(rgb, 1e-4, 1) / [0.95047, 1, 1.08883])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize(("colours", "least"), [(HITS, 50), (PALETTE, 20), (LINES, 20)])
def test_colours_stay_apart(sight: str, colours: tuple[str, ...], least: float):
    seen = {colour: lab(np.asarray(SIGHT[sight]) @ linear(colour)) for colour in colours}
    near = {pair: np.linalg.norm(seen[pair[0]] - seen[pair[1]]) for pair in combinations(seen, 2)}
    assert min(near.values()) > least, min(near, key=near.get)


@pytest.mark.parametrize("colour", [INK, FAINT])
@pytest.mark.parametrize("paper", ["#faf9f6", "#f3f4f1", "#ffffff"])
def test_letters_are_dark_enough(colour: str, paper: str):
    dark, light = (float(XYZ[1] @ linear(c)) for c in (colour, paper))
    assert (light + 0.05) / (dark + 0.05) > 4.5


def test_stretch_keeps_hues():
    rng = np.random.default_rng(0)
    grey = rng.uniform(0, 1000, (60, 60))
    image = np.stack([grey + 300, grey + 200, grey + 100])
    shown = stretch(image)
    assert np.ptp(shown, axis=2).max() < 1e-5
    weak = np.stack([grey, grey / 2, grey / 4])
    red, green, blue = stretch(weak)[10:20, 10:20].mean((0, 1))
    assert red > 1.3 * green > 1.3 * 1.3 * blue


def test_stretch_does_not_amplify_noise():
    rng = np.random.default_rng(0)
    assert stretch(8000 + rng.normal(0, 5, (3, 40, 40))).mean() < 0.1
    assert (stretch(np.full((3, 5, 5), 7.0)) == 0).all()


def test_invalid_pixels_are_hatched():
    image = np.random.default_rng(1).uniform(0, 1, (3, 50, 50))
    image[1, :20] = np.nan
    shown = stretch(image)
    assert np.array_equal(shown[:20], hatch((50, 50))[:20])
    assert len(np.unique(shown[:20])) == 2 and np.isfinite(shown).all()
    assert np.array_equal(stretch(np.full((3, 9, 9), np.nan)), hatch((9, 9)))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.integers(1, 30), st.integers(0, 2**31))
def test_stretch_is_always_a_picture(bands: int, side: int, seed: int):
    rng = np.random.default_rng(seed)
    image = rng.normal(0, 10.0 ** rng.integers(-6, 6), (bands, side, side))
    image[rng.random(image.shape) < 0.3] = np.nan
    shown = stretch(image)
    assert shown.shape == (side, side, 3) and shown.dtype == np.float32
    assert shown.min() >= 0 and shown.max() <= 1


def test_paint():
    painted = paint(np.array([[0, 1, 255]], np.uint8), ("#000000", "#ff0000"))
    assert painted[0, :2].tolist() == [[0, 0, 0], [1, 0, 0]]
    assert np.ptp(painted[0, 2]) == 0 and painted[0, 2, 0] > 0.5


def test_hits():
    truth = np.array([[0, 0, 1, 1, 255]], np.uint8)
    said = np.array([[0, 1, 1, 0, 1]], np.uint8)
    assert hits(truth, said, 2).tolist() == [[0, 2, 1, 3, 255]]
    truth, said = np.array([[0, 1, 2, 2, 1]], np.uint8), np.array([[0, 1, 1, 0, 2]], np.uint8)
    assert hits(truth, said, 3).tolist() == [[0, 1, 2, 2, 2]]


def test_outline():
    mask = np.zeros((6, 6), bool)
    mask[1:5, 1:5] = True
    edge = outline(mask)
    assert edge.sum() == 12 and not edge[2:4, 2:4].any()
    assert not outline(np.ones((4, 4), bool)).any()


def test_own_colours_come_first():
    assert class_colours(("#123456",), 3) == ["#123456", *PALETTE[1:3]]
    assert len(class_colours((), 20)) == 20


@given(st.floats(1e-3, 1e7))
def test_round_lengths(most: float):
    length = nice_length(most)
    assert length <= most * (1 + 1e-6) and length > most / 2.51
    assert f"{length:e}"[0] in "125"


def test_lengths_in_words():
    assert [length_text(v) for v in (2000, 500, 1, 0.2)] == ["2 km", "500 m", "1 m", "20 cm"]
