"""Figures that training writes: sizes, colours, captions, the same bytes each time."""

from __future__ import annotations

import numpy as np
import pytest

from landseer.track.figures import (
    Example,
    SheetRow,
    confusion_figure,
    examples_figure,
    figure_pixels,
    save_figure,
    sheet_figure,
)
from landseer.track.history import read_history


def example(side: int) -> Example:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, (side, side)).astype(np.uint8)
    truth[0, 0] = 255
    shares = rng.random((side, side), np.float32)
    return Example(
        "a$b$ <c>", rng.random((side, side, 3), np.float32), truth, 1 - truth % 2, shares
    )


@pytest.mark.parametrize(("side", "cell"), [(60, 240), (220, 220), (700, 512)])
def test_examples_are_drawn_pixel_for_pixel(side: int, cell: int):
    figure = examples_figure([example(side)] * 2, ("#112233", "#ff0000"), "epoch $3$")
    *pictures, scale = figure.axes
    for axis in pictures:
        assert axis.get_window_extent().width == pytest.approx(cell)
    assert scale.get_window_extent().x0 == pytest.approx(pictures[3].get_window_extent().x0)
    assert [text.get_text() for text in scale.get_xticklabels()] == ["0", "0.5", "1"]
    if side == 220:
        axis = figure.axes[1]
        pixels, box = figure_pixels(figure), axis.get_window_extent()
        top = len(pixels) - round(box.y1)
        inside = pixels[top + 2 : top + cell - 2, round(box.x0) + 2 : round(box.x1) - 2]
        assert {tuple(c) for c in inside.reshape(-1, 3).tolist()} == {(17, 34, 51), (255, 0, 0)}


def test_no_examples_and_missing_pictures():
    assert examples_figure([], ("#000000",), "none").axes == []
    row = SheetRow("a", (np.zeros((30, 30, 3), np.float32), None), gsd_m=30.0)
    figure = sheet_figure([row, row], ("one", "two"), legend=(("#ff0000", "x$y$"),))
    assert len(figure.axes) == 4 and not figure.axes[1].images
    texts = [text.get_text() for axis in figure.axes for text in axis.texts]
    assert texts == ["200 m"]
    figure_pixels(figure)


def test_confusion_says_shares_and_counts():
    matrix = np.array([[75, 25, 0], [0, 10, 0], [0, 0, 0]], np.int64)
    figure = confusion_figure(matrix, ("a", "b$", "c"), "held $out")
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts[:2] == ["75.0%\n75", "25.0%\n25"] and texts[6:] == ["–"] * 3
    assert figure.get_figwidth() < 5
    wide = confusion_figure(np.eye(12, dtype=np.int64), [f"class {i}" for i in range(12)], "")
    assert figure_pixels(wide).shape[1] < 1000


def test_saved_figures_are_the_same_bytes(tmp_path):
    for name in "ab":
        save_figure(confusion_figure(np.eye(2, dtype=np.int64), "xy", ""), tmp_path / f"{name}.png")
    first, second = ((tmp_path / f"{name}.png").read_bytes() for name in "ab")
    assert first == second and first[:4] == b"\x89PNG"


def test_empty_cells_of_a_history_are_left_out(tmp_path):
    (tmp_path / "metrics.csv").write_text("epoch,monitor,train/loss\n0,,1.5\n1,0.25,1\n")
    assert read_history(tmp_path / "metrics.csv") == [
        {"epoch": 0, "train/loss": 1.5},
        {"epoch": 1, "monitor": 0.25, "train/loss": 1},
    ]
