"""Regions are compared apart where a set is too large for every pair; none of their own pairs is lost by that."""

import numpy as np
import pytest
from scipy import ndimage

from landseer.audit import image_pairs
from landseer.audit.pools import Pool, pools_of
from landseer.audit.same_place import same_place
from landseer.audit.settings import SamePlaceConfig
from landseer.core.bands import Band
from landseer.raster.write import write_raster
from landseer.samples.table import make_samples

SIDE = 64


def config(limit, *, places=False):
    return SamePlaceConfig(exhaustive_up_to=limit, sites_are_places=places)


@pytest.fixture(scope="module")
def frame(tmp_path_factory):
    """Three regions: of four, of two and of one sample; every second sample shows half of the one before."""
    root, rng, records = tmp_path_factory.mktemp("regions"), np.random.default_rng(2), []
    for number, site in enumerate("aaaabbc"):
        if number % 2 == 0:
            world = ndimage.gaussian_filter(rng.normal(size=(SIDE, 2 * SIDE)), 2)
        start = 32 * (number % 2)
        noisy = world[:, start : start + SIDE] * (1 + number % 2) + rng.normal(
            0, 0.005, (SIDE, SIDE)
        )
        path = root / f"s{number}.tif"
        write_raster(path, noisy.astype(np.float32))
        records.append(
            {"sample": f"s{number}", "side": "train", "image": str(path), "height": SIDE, "width": SIDE, "site": site}
        )  # fmt: skip
    return make_samples(records)


def test_pools_are_sites_of_large_sets_alone(frame):
    everything = [list(range(7))]
    assert pools_of(frame, config(6)) == [[0, 1, 2, 3], [4, 5], [6]]
    assert pools_of(frame, config(7)) == everything
    assert pools_of(frame, config(6, places=True)) == everything
    assert pools_of(frame.assign(site=[*"aaaabb", None]), config(6)) == everything
    assert pools_of(frame.iloc[:0], config(0)) == [[]]


def test_a_pool_reads_its_own_layers():
    pool = Pool([np.full((2, 2), value, np.float32) for value in range(5)], [4, 1, 0])
    assert [int(layer[0, 0]) for layer in pool] == [4, 1, 0]
    assert [int(layer[0, 0]) for layer in pool[1:]] == [1, 0]
    assert len(pool) == 3


@pytest.mark.parametrize("limit", [4, 7])
def test_pairs_within_regions_are_found_either_way(frame, limit):
    found = same_place(frame, (Band("grey", 1),), config(limit), workers=1)
    pairs = set(zip(found.pairs["a"], found.pairs["b"], strict=True))
    assert pairs == {("s0", "s1"), ("s2", "s3"), ("s4", "s5")}


def test_each_pool_takes_its_share_of_false_pairs_and_its_own_search(frame, monkeypatch):
    seen = []

    def spy(kind):
        def compare(material, rules, workers):
            seen.append((kind, material.names, rules.false_pairs))
            return [], []

        return compare

    monkeypatch.setattr(image_pairs, "_all_with_all", spy("all"))
    monkeypatch.setattr(image_pairs, "_by_landmarks", spy("landmarks"))
    rules = config(3).model_copy(update={"false_pairs": 0.3})
    same_place(frame, (Band("grey", 1),), rules, workers=1)
    assert seen == [
        ("landmarks", ["s0", "s1", "s2", "s3"], pytest.approx(0.1)),
        ("all", ["s4", "s5"], pytest.approx(0.1)),
        ("all", ["s6"], pytest.approx(0.1)),
    ]
