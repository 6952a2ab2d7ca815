"""Label quality: errors of edges and thin lines must not drown labels that are wrong as a whole."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from landseer.audit.suspects import SuspectsConfig
from landseer.metrics.label_quality import (
    SCORES,
    label_quality,
    softmin,
    thick_parts,
    wrong_regions,
)

THRESHOLDS = np.array([0.8, 0.6])


def square(*, row=20, col=20, side=16, shape=(64, 64)):
    mask = np.zeros(shape, np.uint8)
    mask[row : row + side, col : col + side] = 1
    return mask


def sure_of(mask, high=0.95):
    positive = np.where(mask, high, 1 - high).astype(np.float32)
    return np.stack([1 - positive, positive])


def quality_of(label, probability, *, edge_px=2):
    regions = wrong_regions(label, [probability], THRESHOLDS, edge_px=edge_px)
    return label_quality(label, probability, THRESHOLDS, regions, edge_px)


def test_a_right_label_has_nothing_against_it():
    found = quality_of(square(), sure_of(square()))
    assert (found.confident_px, found.region_px, found.region_share, found.given) == (0, 0, 0.0, -1)
    assert all(score(found) < 0.06 for score in SCORES.values())


@pytest.mark.parametrize("shift", [(2, 0), (-2, 1), (2, -2), (0, 1)])
def test_a_shifted_label_is_explained_by_its_edges(shift):
    label = ndimage.shift(square(), shift, order=0)
    found = quality_of(label, sure_of(square()))
    assert found.confident_px > 0
    assert found.region_px == 0
    assert found.wrong_share == 0


@pytest.mark.parametrize("grown", [1, 2])
def test_an_outline_drawn_too_wide_is_explained_by_its_edges(grown):
    label = ndimage.maximum_filter(square(), 2 * grown + 1)
    assert quality_of(label, sure_of(square())).region_px == 0


@pytest.mark.parametrize(
    ("label", "predicted", "given", "likely"),
    [
        (np.zeros((64, 64), np.uint8), square(), 0, 1),
        (square(), np.zeros((64, 64), np.uint8), 1, 0),
    ],
)
def test_a_missing_and_an_invented_object_count_whole(label, predicted, given, likely):
    found = quality_of(label, sure_of(predicted))
    assert (found.region_px, found.given, found.likely) == (256, given, likely)
    assert found.region_share == pytest.approx(256 * 0.9 / (256 + 4.096))


def test_at_the_picture_s_border_nothing_is_lost():
    predicted = square(row=0, col=0)
    assert quality_of(np.zeros((64, 64), np.uint8), sure_of(predicted)).region_px == 256


def test_a_thin_line_is_no_region_but_adds_to_the_wrong_share():
    river = np.zeros((64, 64), np.uint8)
    river[30:32] = 1
    found = quality_of(river, sure_of(np.zeros((64, 64), np.uint8)))
    assert found.region_px == 0
    assert found.wrong_share > 0.8
    assert found.confident_px == river.sum()


def test_a_few_pixels_are_no_region():
    label = square(side=2)
    assert not wrong_regions(label, [sure_of(0 * label)], THRESHOLDS).any()
    assert wrong_regions(label, [sure_of(0 * label)], THRESHOLDS, least_px=4).sum() == 4


def test_every_member_must_hold_the_other_class_for_more_probable():
    label, nothing = square(), np.zeros((64, 64), np.uint8)
    doubting = sure_of(label, high=0.55)
    assert wrong_regions(label, [sure_of(nothing, 0.99)] * 2, THRESHOLDS).sum() == 256
    members = [sure_of(nothing, 0.99), sure_of(nothing, 0.99), doubting]
    assert (np.mean(members, axis=0)[0] > 0.8).all()
    assert not wrong_regions(label, members, THRESHOLDS).any()


def test_pixels_without_a_class_do_not_count():
    label = np.full((64, 64), 255, np.uint8)
    found = quality_of(label, sure_of(square()))
    assert found.labelled_px == found.confident_px == found.region_px == 0
    assert [score(found) for score in SCORES.values()] == [0] * len(SCORES)


def test_of_several_classes_the_one_that_suffers_most_counts():
    label = np.zeros((64, 64), np.uint8)
    label[:, 32:], label[:12, :12] = 1, 2
    truth = np.where(label == 2, 0, label)
    probability = np.stack([np.where(truth == k, 0.9, 0.05) for k in range(3)]).astype(np.float32)
    thresholds = np.array([0.7, 0.7, 0.7])
    regions = wrong_regions(label, [probability], thresholds)
    found = label_quality(label, probability, thresholds, regions)
    assert (found.given, found.likely, found.region_px) == (2, 0, 144)
    assert found.region_share == pytest.approx(144 * 0.85 / (144 + 4.096))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_softmin_lies_between_the_minimum_and_the_mean(values):
    scores = np.array(values)
    found = softmin(scores)
    assert scores.min() - 1e-9 <= found <= scores.mean() + 1e-9
    slow = np.exp((1 - scores) / 0.1)
    assert found == pytest.approx((scores * slow / slow.sum()).sum())
    assert softmin(scores, 1e6) == pytest.approx(scores.mean(), abs=1e-5)


def test_softmin_of_nothing_is_undefined():
    assert np.isnan(softmin(np.array([])))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 3))
def test_thick_parts_are_an_opening(seed, edge_px):
    rng = np.random.default_rng(seed)
    mask = ndimage.gaussian_filter(rng.standard_normal((24, 24)), 1.5) > 0
    side = edge_px + 1
    slow = np.zeros_like(mask)
    for row in range(25 - side):
        for col in range(25 - side):
            square = (slice(row, row + side), slice(col, col + side))
            slow[square] |= mask[square].all()
    found = thick_parts(mask, edge_px)
    inner = (slice(side, -side), slice(side, -side))
    assert (found[inner] == slow[inner]).all()
    assert (found | ~slow).all()
    assert not (found & ~mask).any()
    assert (thick_parts(found, edge_px) == found).all()


def test_the_recipe_knows_every_score():
    allowed = SuspectsConfig.model_fields["score"].annotation.__args__
    assert set(allowed) == set(SCORES)
