"""The plan: exact counts, disjoint sides, windows inside their worlds."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from landseer.synth.flaws import FLAWS
from landseer.synth.plan import LOWEST_SUN_ZENITH_DEG, make_plan
from landseer.synth.settings import (
    WORLD_MARGIN_PX,
    FlawShares,
    KelpSynthConfig,
    LabelShares,
    PlaceShares,
)
from landseer.synth.sun import sun_at

BIG = KelpSynthConfig(places=200, train=400, test=100, seed=3)


@given(
    places=st.integers(2, 40),
    train=st.integers(0, 60),
    test=st.integers(0, 30),
    seed=st.integers(0, 10**6),
)
@settings(max_examples=30, deadline=None)
def test_plan_keeps_its_counts_and_its_windows(
    places: int, train: int, test: int, seed: int
) -> None:
    config = KelpSynthConfig(places=places, train=train, test=test, seed=seed, size_px=64)
    plan = make_plan(config)
    assert Counter(spec.side for spec in plan) == Counter({"train": train, "test": test})
    assert len({spec.tile for spec in plan}) == train + test
    assert all(re.fullmatch(r"[A-Z]{2}\d{6}", spec.tile) for spec in plan)
    known = {spec.place for spec in plan if spec.side == "train"}
    assert not known & {spec.place for spec in plan if spec.side == "test"}
    for spec in plan:
        for start in (spec.row, spec.col):
            assert start >= WORLD_MARGIN_PX
            assert start + config.size_px + WORLD_MARGIN_PX <= config.world_px
        assert (spec.hand == "") == (spec.side == "test")


def test_plan_is_a_function_of_the_settings() -> None:
    assert make_plan(BIG) == make_plan(BIG)
    other = make_plan(BIG.model_copy(update={"seed": 4}))
    assert {s.tile for s in other} != {s.tile for s in make_plan(BIG)}


def test_every_place_is_shown_and_some_often() -> None:
    views = Counter(spec.place for spec in make_plan(BIG))
    assert set(views) == set(range(BIG.places))
    assert max(views.values()) >= 4


def test_flaws_occur_at_exactly_their_shares() -> None:
    plan = make_plan(BIG)
    counts = Counter(flaw for spec in plan for flaw in spec.flaws)
    assert counts == {flaw: round(getattr(BIG.flaws, flaw) * len(plan)) for flaw in FLAWS}


def test_labels_are_drawn_at_exactly_their_shares() -> None:
    labels = LabelShares(mislabelled=0.01)
    plan = make_plan(BIG.model_copy(update={"labels": labels}))
    hands = Counter(spec.hand for spec in plan if spec.side == "train")
    for hand in ("blobby", "shifted", "missed", "empty", "mislabelled"):
        assert hands[hand] == round(getattr(labels, hand) * BIG.train)
    assert all(spec.kind == "sea" for spec in plan if spec.hand == "mislabelled")


def test_kinds_of_places_occur_at_exactly_their_shares() -> None:
    kinds = Counter({spec.place: spec.kind for spec in make_plan(BIG)}.values())
    shares = BIG.kinds
    assert kinds["sea"] == round(shares.sea * BIG.places)
    assert kinds["inland"] == round(shares.inland * BIG.places)
    assert kinds["barren"] == round(shares.barren * BIG.places)


def test_broken_scan_line_corrector_only_on_landsat_7_after_it_broke() -> None:
    config = BIG.model_copy(update={"flaws": FlawShares(slc_gaps=1.0)})
    assert all(s.sensor == "L7" and s.day.isoformat() >= "2003-06-01" for s in make_plan(config))


def test_sun_is_never_too_low() -> None:
    assert all(sun_at(spec.day).zenith_deg < LOWEST_SUN_ZENITH_DEG for spec in make_plan(BIG))


def test_known_places_can_be_tested_when_asked_for() -> None:
    plan = make_plan(BIG.model_copy(update={"test_new_places": 0.4}))
    known = {spec.place for spec in plan if spec.side == "train"}
    new = [spec for spec in plan if spec.side == "test" and spec.place not in known]
    assert len(new) == round(0.4 * BIG.test)


def test_same_spot_share_is_kept() -> None:
    apart = make_plan(BIG.model_copy(update={"same_spot": 0.0, "max_shift": 0.5}))
    together = make_plan(BIG.model_copy(update={"same_spot": 1.0}))
    assert len({(s.place, s.row, s.col) for s in together}) == BIG.places
    assert len({(s.place, s.row, s.col) for s in apart}) > 0.95 * len(apart)


@pytest.mark.parametrize(
    "wrong",
    [
        {"places": 1},
        {"labels": {"blobby": 0.9, "shifted": 0.9}},
        {"kinds": {"sea": 0.9, "inland": 0.9}},
        {"sise_px": 64},
        {"size_px": 8},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        KelpSynthConfig.model_validate(wrong)


def test_shares_that_fill_everything_leave_no_ordinary_coast() -> None:
    kinds = PlaceShares(islands=0.0, sea=1.0, inland=0.0, barren=0.0)
    assert {s.kind for s in make_plan(BIG.model_copy(update={"kinds": kinds}))} == {"sea"}
