"""Scores of all targets against scikit-learn and slow loops; sums of samples are the scores of all of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics as sk

from landseer.errors import LabelError, UsageError
from landseer.metrics.evaluation import Evaluation, Target, goodness, higher_is_better
from landseer.metrics.pose import flow, flow_sums, geopose_r2
from landseer.metrics.regression import value_sums
from landseer.metrics.scores import score

POSE = (
    Target("agl", "height"),
    Target("scale", "flow_scale"),
    Target("angle", "direction"),
    Target("gsd", "gsd"),
)
MASKS = (
    Target("mask", "mask", ("land", "water", "ice")),
    Target("cover", "mask", ("land", "water")),
    Target("layers", "multi_label", ("roof", "tree")),
    Target("there", "presence", ("roof", "tree")),
)


def vector(angle, length=1.0):
    return length * np.array([math.sin(angle), math.cos(angle)])


def pose_samples(n=8, seed=0):
    """Truth and prediction of samples in three cities; a tenth of the heights is not known."""
    rng = np.random.default_rng(seed)
    samples = []
    for _ in range(n):
        agl, scale, angle = rng.gamma(1, 12, (9, 7)), rng.uniform(0.3, 1.5), rng.uniform(0, 6)
        truth = {"agl": agl.copy(), "scale": np.array(scale), "angle": vector(angle)}
        truth["gsd"] = np.array(rng.uniform(0.3, 0.6))
        truth["agl"][rng.random(agl.shape) < 0.1] = np.nan
        said = {
            "agl": 0.9 * agl + rng.normal(0, 2, agl.shape),
            "scale": np.array(scale * rng.uniform(0.8, 1.2)),
            "angle": vector(angle + rng.normal(0, 0.3), rng.uniform(0.2, 3)),
            "gsd": truth["gsd"] + rng.normal(0, 0.1),
        }
        samples.append((truth, said))
    return samples


CITIES = ["ARG", "ATL", "ARG", "OMA", "ATL", "ARG", "OMA", "ARG"]


def counted(evaluation, samples):
    return np.stack([evaluation.count(truth, said) for truth, said in samples])


def joined(samples, name, which):
    return np.concatenate([np.asarray(s[which][name], float).ravel() for s in samples])


def angle_of(vector):
    return math.atan2(*vector)


def slow_flow(values):
    angle = angle_of(values["angle"])
    magnitude = values["agl"] * float(values["scale"])
    return np.stack([magnitude * math.sin(angle), magnitude * math.cos(angle)])


def known_pairs(samples, name):
    truth, said = (joined(samples, name, which) for which in (0, 1))
    known = ~np.isnan(truth)
    return truth[known], said[known]


def test_pooled_scores_of_values_are_scikit_learns():
    samples, evaluation = pose_samples(), Evaluation(POSE)
    scores = evaluation.scores(counted(evaluation, samples), CITIES)
    for name in ("agl", "scale", "gsd"):
        truth, said = known_pairs(samples, name)
        assert scores[f"{name}_r2"] == pytest.approx(sk.r2_score(truth, said), rel=1e-9)
        rmse = sk.mean_squared_error(truth, said) ** 0.5
        assert scores[f"{name}_rmse"] == pytest.approx(rmse, rel=1e-9)
        assert scores[f"{name}_mae"] == pytest.approx(sk.mean_absolute_error(truth, said))
        assert scores[f"{name}_bias"] == pytest.approx((said - truth).mean())


def test_angles_and_flow_by_a_slow_loop():
    samples, evaluation = pose_samples(), Evaluation(POSE)
    scores = evaluation.scores(counted(evaluation, samples), CITIES)
    errors, truths, guesses, distances = [], [], [], []
    for truth, said in samples:
        between = np.dot(truth["angle"], said["angle"] / np.linalg.norm(said["angle"]))
        errors.append(math.degrees(math.acos(min(1.0, between))))
        one, two = slow_flow(truth), slow_flow(said)
        known = ~np.isnan(one[0])
        truths.append(one[:, known].ravel())
        guesses.append(two[:, known].ravel())
        distances.append(np.linalg.norm((two - one)[:, known], axis=0))
    assert scores["angle_error_deg"] == pytest.approx(np.mean(errors))
    pooled = sk.r2_score(np.concatenate(truths), np.concatenate(guesses))
    assert scores["flow_r2"] == pytest.approx(pooled, rel=1e-9)
    assert scores["flow_epe"] == pytest.approx(np.concatenate(distances).mean())


def test_means_over_sites_are_means_of_scores_of_each_site_alone():
    samples, evaluation = pose_samples(), Evaluation(POSE)
    counts = counted(evaluation, samples)
    scores = evaluation.scores(counts, CITIES)
    alone = {}
    for city in set(CITIES):
        mine = counts[[c == city for c in CITIES]]
        alone[city] = evaluation.scores(mine, [city] * len(mine))
    names = [name for name in scores if name.endswith("_sites")]
    assert {"agl_r2_sites", "scale_mae_sites", "angle_error_deg_sites", "flow_epe_sites"} <= set(
        names
    )
    for name in names:
        each = [one[name.removesuffix("_sites")] for one in alone.values()]
        assert scores[name] == pytest.approx(np.mean(each)), name
    assert scores["agl_r2_sites"] != pytest.approx(scores["agl_r2"], abs=1e-4)
    truth, said = known_pairs(
        [s for s, c in zip(samples, CITIES, strict=True) if c == "OMA"], "agl"
    )
    assert alone["OMA"]["agl_r2"] == pytest.approx(sk.r2_score(truth, said))


def test_the_contest_s_score_by_its_own_module_and_in_two_passes():
    samples, evaluation = pose_samples(), Evaluation(POSE)
    got = evaluation.scores(counted(evaluation, samples), CITIES)["geopose_r2"]
    agl, moved, slow = {}, {}, []
    for city in dict.fromkeys(CITIES):
        mine = [s for s, c in zip(samples, CITIES, strict=True) if c == city]
        agl[city] = sum(value_sums(t["agl"], p["agl"]) for t, p in mine)
        flows = [
            [flow(v["agl"], float(v["scale"]), angle_of(v["angle"])) for v in pair] for pair in mine
        ]
        moved[city] = sum(flow_sums(*pair) for pair in flows)
        r2 = []
        for pairs in ([(t["agl"], p["agl"]) for t, p in mine], flows):
            truth = np.concatenate([np.ravel(pair[0]) for pair in pairs])
            said = np.concatenate([np.ravel(pair[1]) for pair in pairs])
            error, spread = truth - said, truth - np.nanmean(truth)
            r2.append(1 - np.nansum(error**2) / np.nansum(spread**2))
        slow.append(np.mean(r2))
    assert got == pytest.approx(geopose_r2(agl, moved), rel=1e-12)
    assert got == pytest.approx(np.mean(slow), rel=1e-9)


def test_counts_add_up_in_any_order_and_grouping():
    samples, evaluation = pose_samples(), Evaluation(POSE)
    counts = counted(evaluation, samples)
    assert counts.shape == (8, evaluation.n_fields) and counts.dtype == np.float64
    whole = evaluation.scores(counts, CITIES)
    cities = list(dict.fromkeys(CITIES))
    pooled = np.stack([counts[[c == city for c in CITIES]].sum(0) for city in cities])
    order = np.random.default_rng(1).permutation(8)
    for other in (
        evaluation.scores(pooled, cities),
        evaluation.scores(counts[order], [CITIES[i] for i in order]),
    ):
        assert other.keys() == whole.keys() == set(evaluation.names)
        for name, value in other.items():
            assert value == pytest.approx(whole[name], rel=1e-9), name


def mask_samples(n=6, seed=3):
    rng = np.random.default_rng(seed)
    samples = []
    for _ in range(n):
        truth = {
            "mask": rng.integers(0, 3, (8, 9)).astype(np.uint8),
            "cover": rng.integers(0, 2, (8, 9)).astype(np.uint8),
            "layers": rng.integers(0, 2, (2, 8, 9)).astype(np.uint8),
            "there": rng.integers(0, 2, 2).astype(np.float32),
        }
        said = {name: values.copy() for name, values in truth.items()}
        for name in ("mask", "cover"):
            wrong = rng.random((8, 9)) < 0.3
            said[name][wrong] = rng.integers(0, 2, wrong.sum())
            truth[name][rng.random((8, 9)) < 0.1] = 255
        said["layers"] = np.clip(truth["layers"] + rng.normal(0, 0.4, (2, 8, 9)), 0, 1)
        said["there"] = np.clip(truth["there"] + rng.normal(0, 0.4, 2), 0, 1)
        truth["layers"][rng.random((2, 8, 9)) < 0.1] = 255
        if rng.random() < 0.5:
            truth["there"][1] = np.nan
        samples.append((truth, said))
    return samples


def test_masks_by_scikit_learn_under_their_names():
    samples, evaluation = mask_samples(), Evaluation(MASKS)
    scores = evaluation.scores(counted(evaluation, samples), ["a", "b"] * 3)
    for name, prefix, classes in (
        ("mask", "", ("land", "water", "ice")),
        ("cover", "cover_", ("land", "water")),
    ):
        truth, said = (joined(samples, name, which) for which in (0, 1))
        truth, said = truth[truth != 255], said[truth != 255]
        iou = sk.jaccard_score(truth, said, average=None)
        f1 = sk.f1_score(truth, said, average=None)
        for number, one in enumerate(classes):
            assert scores[f"{prefix}iou_{one}"] == pytest.approx(iou[number])
            assert scores[f"{prefix}dice_{one}"] == pytest.approx(f1[number])
        assert scores[f"{prefix}accuracy"] == pytest.approx(sk.accuracy_score(truth, said))
        matrix = sk.confusion_matrix(truth, said)
        counts = counted(evaluation, samples).sum(0)
        assert (evaluation.confusion(counts, name) == matrix).all()
        assert evaluation.confusion(counts, name).dtype == np.int64
        assert {f"{prefix}{n}" for n in score(matrix, classes)} <= set(scores)


def test_layers_and_presence_by_scikit_learn():
    samples, evaluation = mask_samples(), Evaluation(MASKS)
    scores = evaluation.scores(counted(evaluation, samples), ["a"] * 6)
    for name, unknown in (("layers", 255), ("there", np.nan)):
        each = {"dice": [], "iou": []}
        for number, layer in enumerate(("roof", "tree")):
            truth = np.concatenate([np.ravel(t[name][number]) for t, _ in samples]).astype(float)
            said = np.concatenate([np.ravel(p[name][number]) for _, p in samples]) >= 0.5
            known = ~np.isnan(truth) if np.isnan(unknown) else truth != unknown
            assert known.all() == (name == "there" and layer == "roof")
            f1 = sk.f1_score(truth[known], said[known])
            iou = sk.jaccard_score(truth[known], said[known])
            assert scores[f"{name}_dice_{layer}"] == pytest.approx(f1)
            assert scores[f"{name}_iou_{layer}"] == pytest.approx(iou)
            each["dice"].append(f1)
            each["iou"].append(iou)
        for kind, values in each.items():
            assert scores[f"{name}_{kind}_macro"] == pytest.approx(np.mean(values))


def test_soft_masks_by_the_squared_error_of_probabilities():
    rng = np.random.default_rng(0)
    truth, said = (rng.dirichlet([1, 2], (5, 4)).transpose(2, 0, 1) for _ in range(2))
    truth[:, 0, :2] = np.nan
    evaluation = Evaluation([Target("soft", "soft_mask", ("a", "b"))])
    scores = evaluation.scores(evaluation.count({"soft": truth}, {"soft": said})[None], [""])
    assert scores == {"soft_brier": pytest.approx(np.nanmean((truth - said) ** 2))}


def test_names_in_full():
    assert Evaluation([Target("mask", "mask", ("no", "yes"))]).names == tuple(
        score(np.eye(2, dtype=int), ("no", "yes"))
    )
    expected = ["r2", "rmse", "mae", "bias"]
    expected = [f"h_{name}" for name in expected] + [f"h_{name}_sites" for name in expected]
    assert list(Evaluation([Target("h", "height")]).names) == expected
    names = Evaluation([Target(n, k) for n, k in zip("hds", POSE_KINDS, strict=True)]).names
    assert names[-5:] == ("flow_r2", "flow_epe", "flow_r2_sites", "flow_epe_sites", "geopose_r2")


POSE_KINDS = ("height", "direction", "flow_scale")


@pytest.mark.parametrize("left_out", range(3))
def test_without_one_of_the_three_there_is_no_flow(left_out):
    kinds = [kind for n, kind in enumerate(POSE_KINDS) if n != left_out]
    names = Evaluation([Target(f"t{n}", kind) for n, kind in enumerate(kinds)]).names
    assert not any("flow" in name or "geopose" in name for name in names)


def test_a_target_may_be_called_flow_where_no_pose_is_made():
    evaluation = Evaluation([Target("flow", "dense_value"), Target("agl", "height")])
    assert "flow_r2" in evaluation.names and "geopose_r2" not in evaluation.names
    with pytest.raises(UsageError, match="names of their own; got flow_r2 twice"):
        Evaluation([*POSE, Target("flow", "dense_value")])
    with pytest.raises(UsageError, match="expected a target; got none"):
        Evaluation([])


def test_targets_of_which_a_sample_knows_nothing_add_nothing():
    evaluation = Evaluation((*POSE, *MASKS))
    samples = [
        (t | m, p | q) for (t, p), (m, q) in zip(pose_samples(6), mask_samples(), strict=True)
    ]
    assert not evaluation.count({}, samples[0][1]).any()
    whole = evaluation.scores(counted(evaluation, samples), CITIES[:6])
    more = [*samples, ({}, samples[0][1])]
    again = evaluation.scores(counted(evaluation, more), CITIES[:7])
    assert again == pytest.approx(whole, nan_ok=True)
    half = dict(samples[0][0])
    del half["scale"]
    alone = evaluation.scores(evaluation.count(half, samples[0][1])[None], [""])
    assert alone["agl_r2"] == alone["agl_r2"] and math.isnan(alone["flow_r2"])
    assert math.isnan(alone["geopose_r2"]) and math.isnan(alone["scale_mae"])


def test_unknown_truth_does_not_count_whatever_is_predicted():
    truth, said = pose_samples(1)[0]
    evaluation = Evaluation(POSE)
    nothing = {name: np.full_like(values, np.nan) for name, values in truth.items()}
    assert not evaluation.count(nothing, said).any()
    scores = evaluation.scores(evaluation.count(nothing, said)[None], [""])
    assert all(math.isnan(value) for value in scores.values())


@pytest.mark.parametrize("lost", ["agl", "scale", "angle"])
def test_a_missing_prediction_flatters_no_score(lost):
    samples, evaluation = pose_samples(), Evaluation(POSE)
    whole = evaluation.scores(counted(evaluation, samples), CITIES)
    truth, said = samples[3]
    said[lost] = np.asarray(said[lost], float).copy()
    said[lost].flat[0] = np.nan
    if lost == "agl":
        truth[lost].flat[0] = 5.0
    scores = evaluation.scores(counted(evaluation, samples), CITIES)
    errors = {"agl": "agl_r2", "scale": "scale_mae", "angle": "angle_error_deg"}
    for name in (errors[lost], "flow_r2", "flow_epe"):
        assert math.isnan(scores[name]) and math.isnan(scores[f"{name}_sites"]), name
    # the contest counts the city as 0, and the mean over three cities falls by a third or so
    others = [0 if c == "OMA" else 1 for c in CITIES]
    kept = [(t, p) for (t, p), keep in zip(samples, others, strict=True) if keep]
    left = [c for c in CITIES if c != "OMA"]
    rest = evaluation.scores(counted(evaluation, kept), left)["geopose_r2"]
    assert scores["geopose_r2"] == pytest.approx(rest * 2 / 3)
    assert scores["geopose_r2"] < whole["geopose_r2"]


def test_a_city_of_constant_heights_has_no_r2_and_is_left_out():
    samples, evaluation = pose_samples(), Evaluation(POSE)
    flat = ({**samples[0][0], "agl": np.full((9, 7), 3.0)}, samples[0][1])
    cities = [*CITIES, "FLAT"]
    whole = evaluation.scores(counted(evaluation, samples), CITIES)
    more = evaluation.scores(counted(evaluation, [*samples, flat]), cities)
    assert more["geopose_r2"] == pytest.approx(whole["geopose_r2"])
    assert more["agl_r2_sites"] == pytest.approx(whole["agl_r2_sites"])
    assert more["agl_mae_sites"] != pytest.approx(whole["agl_mae_sites"])


def test_directions_are_judged_the_short_way_round():
    evaluation = Evaluation([Target("angle", "direction")])
    pairs = [(0.05, 2 * math.pi - 0.05), (math.pi - 0.1, -math.pi + 0.1), (1.0, 1.0 + math.pi)]
    counts = [evaluation.count({"angle": vector(a)}, {"angle": vector(b)}) for a, b in pairs]
    errors = [evaluation.scores(one[None], [""])["angle_error_deg"] for one in counts]
    assert errors == pytest.approx([math.degrees(0.1), math.degrees(0.2), 180])


def test_heights_keep_their_classes_of_height():
    truth = np.array([[0.5, 3.0], [45.0, np.nan]])
    evaluation = Evaluation(POSE[:1])
    piece = evaluation.piece(evaluation.count({"agl": truth}, {"agl": truth + 1}), "agl")
    assert piece.shape == (6, 7) and piece[:, 0].tolist() == [1, 1, 0, 0, 0, 1]


def test_predictions_of_another_shape_are_refused():
    truth, said = pose_samples(1)[0]
    with pytest.raises(LabelError, match="expected a prediction of shape"):
        Evaluation(POSE[:1]).count(truth, {**said, "agl": said["agl"][:-1]})


@pytest.mark.parametrize(
    ("name", "is_higher"),
    [
        ("agl_r2", True), ("geopose_r2", True), ("flow_r2_sites", True), ("dice_water", True),
        ("cover_iou_macro", True), ("there_dice_macro", True), ("mcc", True), ("accuracy", True),
        ("agl_rmse", False), ("agl_mae_sites", False), ("flow_epe", False), ("soft_brier", False),
        ("angle_error_deg", False), ("angle_error_deg_sites", False), ("agl_bias", False),
        ("iou_mae", True), ("dice_crepe", True), ("recall_bias", True), ("cover_iou_rmse", True),
        ("there_dice_epe", True),
    ],
)  # fmt: skip
def test_what_is_better(name, is_higher):
    assert higher_is_better(name) is is_higher
    better, worse = (0.9, 0.2) if is_higher else (0.2, 0.9)
    assert goodness(name, better) > goodness(name, worse)
    assert math.isnan(goodness(name, float("nan")))


def test_a_bias_counts_by_its_size():
    assert goodness("agl_bias", -0.1) > goodness("agl_bias", 0.2) == goodness("agl_bias", -0.2)
