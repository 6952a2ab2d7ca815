"""A made-up geopose data set from files to places: what the audit says of it must be what its truth says."""

import numpy as np
import pytest

from landseer.adapters import config_bands, config_classes, config_references, scan_samples
from landseer.adapters.geopose_config import GeoposeConfig
from landseer.audit.examine import examine
from landseer.audit.same_place import add_groups, same_place
from landseer.audit.settings import RectifyConfig, SamePlaceConfig
from landseer.splits import bar_overlaps, prove, split
from landseer.splits.config import LocationStratifiedConfig, StratifiedGroupKFoldConfig
from landseer.synth.geopose import make_geopose
from landseer.synth.geopose_settings import GeoposeSynthConfig
from landseer.synth.geopose_truth import read_truth

LEAST_SHARE = 0.1


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("geopose") / "set"
    settings = GeoposeSynthConfig(
        train=16, test=2, size_px=192, cities=("ARG", "OMA"), acquisitions=2, neighbour_overlap=0.3
    )
    make_geopose(root, settings, workers=1)
    config = GeoposeConfig(adapter="geopose", root=root)
    frame, listing = scan_samples(config)
    references = config_references(config)
    checked, findings = examine(
        frame, config_bands(config), config_classes(config), references=references, workers=2
    )
    truth = {row.id: row for row in read_truth(root / "truth" / "tiles.csv")}
    return checked, listing + findings, config, truth


def overlaps(truth):
    """Pairs of tiles that share ground, with their share of it."""
    pairs = {}
    for row in truth.values():
        for item in row.overlaps.split():
            other, share = item.split(":")
            pairs[tuple(sorted((row.id, other)))] = float(share)
    return pairs


def test_the_table_says_what_the_truth_says(made):
    frame, findings, _, truth = made
    assert frame["excluded"].isna().all()
    assert {one.what for one in findings} <= {"image is striped"}
    for row in frame.to_dict("records"):
        known = truth[row["sample"]]
        assert (row["side"], row["site"], row["gsd_m"]) == (known.side, known.city, known.gsd_m)
        if row["side"] == "test":
            assert row["ref_agl"] is None
            assert np.isnan([row["ref_scale"], row["ref_angle"], row["ref_agl_mean"]]).all()
            continue
        assert row["ref_scale"] == pytest.approx(known.scale_px_per_m, rel=1e-6)
        assert row["ref_angle"] == pytest.approx(known.angle_rad, abs=1e-6)
        assert 1 - row["ref_agl_valid_pct"] == pytest.approx(known.unknown_share, abs=1e-6)
        if not (known.older or known.speckle or known.holes or known.shifted):
            assert row["ref_agl_mean"] == pytest.approx(known.mean_agl_m, abs=0.05)


def find(made, **settings):
    frame, _, config, _ = made
    rules = SamePlaceConfig(sites_are_places=False, working_px=192, **settings)
    bands, references = config_bands(config), config_references(config)
    return same_place(frame, bands, rules, references=references, workers=2)


@pytest.fixture(scope="module")
def laid(made):
    return find(made, rectify=RectifyConfig())


def test_overlapping_oblique_tiles_are_found_on_the_ground(made, laid):
    known = overlaps(made[3])
    wanted = {pair for pair, share in known.items() if share > LEAST_SHARE}
    plain, ground = (
        set(zip(found.pairs["a"], found.pairs["b"], strict=True)) for found in (find(made), laid)
    )
    assert len(wanted) >= 12
    assert len(ground & wanted) >= 0.9 * len(wanted)
    assert len(ground & wanted) > len(plain & wanted)
    assert len(ground - set(known)) <= 1


def test_folds_hold_every_city_and_no_place_twice(made, laid):
    frame = add_groups(made[0], laid.groups)
    config = StratifiedGroupKFoldConfig(n_folds=2, strata=("site",))
    frame = bar_overlaps(split(frame, config, seed=1), laid.pairs)
    proof = prove(frame, laid.pairs, config)
    assert (proof.cross_fold_pairs, proof.straddling_groups) == (0, 0)
    held = frame[frame["fold"] >= 0]
    counts = held.groupby(["fold", "site"]).size()
    assert len(counts) == 4
    assert counts.min() >= 2
    known = {pair for pair, share in overlaps(made[3]).items() if share > LEAST_SHARE}
    folds = dict(zip(frame["sample"], frame["fold"], strict=True))
    leaks = [pair for pair in known if folds[pair[0]] != folds[pair[1]]]
    assert len(leaks) <= 0.1 * len(known)


def test_folds_by_city_share_out_each_city(made, laid):
    frame = add_groups(made[0], laid.groups)
    frame = split(frame, LocationStratifiedConfig(n_folds=4), seed=1)
    held = frame[frame["fold"] >= 0]
    assert held.groupby(["fold", "site"]).size().tolist() == [2] * 8
