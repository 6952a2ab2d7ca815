"""Counts from histograms equal counts pixel by pixel."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landseer.core.classes import ClassTable
from landseer.errors import GridError, LabelError
from landseer.metrics.confusion import confusion_matrix
from landseer.raster.write import write_raster
from landseer.select.counts import Scored, Trial, _count_two, count_sample

TWO = ClassTable(("background", "kelp"), (0, 1), ignore=(255,))
THREE = ClassTable(("a", "b", "c"), (0, 1, 2))


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(0, 65535), min_size=1, max_size=40),
    st.integers(0, 2**32 - 1),
    st.lists(st.floats(0, 1), min_size=1, max_size=4),
)
def test_histogram_equals_slow_loop(values, seed, thresholds):
    truth = np.random.default_rng(seed).integers(0, 2, len(values)).astype(np.uint8)
    trial = Trial(TWO, ((1.0,),), (None, *thresholds))
    counts = _count_two(np.array([values], np.uint16), truth, trial)
    for j, option in enumerate(trial.options):
        least = 32767.5 if option is None else option * 65535 - 1e-6
        expected = np.zeros((2, 2), int)
        for value, label in zip(values, truth, strict=True):
            expected[label, int(value >= least)] += 1
        assert (counts[0, j] == expected).all()


@pytest.mark.parametrize("hard", [False, True])
def test_two_seeds_are_mixed_and_ignored_pixels_do_not_count(tmp_path: Path, hard: bool):
    rng = np.random.default_rng(0)
    label = rng.choice(np.array([0, 1, 255], np.uint8), (9, 11))
    p = rng.integers(0, 65536, (3, 9, 11)).astype(np.uint16)
    write_raster(tmp_path / "label.tif", label)
    paths = tuple(tmp_path / f"{i}.tif" for i in range(3))
    for path, plane in zip(paths, p, strict=True):
        write_raster(path, plane)
    shares = (0.5, 0.25, 0.25)
    trial = Trial(TWO, (shares,), (0.4, 0.6), hard=hard)
    counts = count_sample(Scored("s", tmp_path / "label.tif", paths), trial)
    for j, threshold in enumerate(trial.options):
        if hard:
            decided = np.tensordot(shares, p >= threshold * 65535, 1) >= 0.5
        else:
            decided = np.rint(np.tensordot(shares, p.astype(float), 1)) >= threshold * 65535
        assert (counts[0, j] == confusion_matrix(label, decided.astype(np.uint8), 2)).all()
    assert counts[0, 0].sum() == (label != 255).sum()


def test_many_classes_take_the_greatest(tmp_path: Path):
    rng = np.random.default_rng(1)
    label = rng.integers(0, 3, (6, 7)).astype(np.uint8)
    p = rng.dirichlet([1, 1, 1], (6, 7)).transpose(2, 0, 1)
    write_raster(tmp_path / "label.tif", label)
    write_raster(tmp_path / "p.tif", np.rint(p[1:] * 65535).astype(np.uint16))
    trial = Trial(THREE, ((1.0,),), (None,))
    counts = count_sample(Scored("s", tmp_path / "label.tif", (tmp_path / "p.tif",)), trial)
    assert (counts[0, 0] == confusion_matrix(label, p.argmax(0), 3)).all()


def test_wrong_files_are_refused(tmp_path: Path):
    write_raster(tmp_path / "label.tif", np.full((4, 4), 7, np.uint8))
    write_raster(tmp_path / "ok.tif", np.zeros((4, 4), np.uint8))
    write_raster(tmp_path / "p.tif", np.zeros((4, 5), np.uint16))
    trial = Trial(TWO, ((1.0,),), (None,))
    with pytest.raises(LabelError, match="class table"):
        count_sample(Scored("s", tmp_path / "label.tif", (tmp_path / "p.tif",)), trial)
    with pytest.raises(GridError, match=r"\(4, 4\)"):
        count_sample(Scored("s", tmp_path / "ok.tif", (tmp_path / "p.tif",)), trial)


def test_many_classes_vote(tmp_path: Path):
    rng = np.random.default_rng(2)
    label = rng.integers(0, 3, (5, 6)).astype(np.uint8)
    p = [rng.dirichlet([1, 1, 1], (5, 6)).transpose(2, 0, 1) for _ in range(3)]
    write_raster(tmp_path / "label.tif", label)
    paths = tuple(tmp_path / f"{i}.tif" for i in range(3))
    for path, planes in zip(paths, p, strict=True):
        write_raster(path, np.rint(planes[1:] * 65535).astype(np.uint16))
    shares = (0.5, 0.3, 0.2)
    votes = sum(
        share * (planes.argmax(0) == np.arange(3)[:, None, None])
        for share, planes in zip(shares, p, strict=True)
    )
    counts = count_sample(
        Scored("s", tmp_path / "label.tif", paths), Trial(THREE, (shares,), (None,), hard=True)
    )
    sure = np.sort(votes, axis=0)[-1] - np.sort(votes, axis=0)[-2] > 1e-6
    expected = confusion_matrix(np.where(sure, label, 255), votes.argmax(0), 3)
    assert (counts[0, 0] >= expected).all() and expected.sum() > 15
    assert counts[0, 0].sum() == label.size
