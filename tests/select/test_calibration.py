"""Calibration across folds: what judges a fold never saw it, and figures are those of slow loops."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from sklearn.metrics import brier_score_loss, log_loss

from landseer.core.classes import ClassTable
from landseer.errors import DataError, FileReadError, UsageError
from landseer.metrics.bootstrap import resample_sums
from landseer.metrics.calibration import LEAST
from landseer.raster.write import write_raster
from landseer.samples.table import make_samples
from landseer.select.calibrate import fit_calibrator
from landseer.select.calibration import calibrate
from landseer.select.calibration_config import CalibrateConfig
from landseer.select.calibration_pixels import Pixels
from landseer.select.calibration_result import CalibrationResult, read_calibration
from landseer.select.config import SelectConfig
from landseer.select.judged import find_judged
from landseer.select.selection import MemberWeight, MixPart, ScoreInterval, Selection

BOTH = ClassTable(("sea", "kelp"), (0, 1))
THREE = ClassTable(("sea", "kelp", "land"), (0, 1, 2))
SIDE = 30


def select(threshold=None, weights=None, vote="soft", seeds=(0,), folds=range(4)) -> Selection:
    """Return a selection of given weights by seed."""
    nothing = ScoreInterval(value=1, low=1, high=1, level=0.95, counts="")
    members = tuple(
        MemberWeight(fold=f, seed=s, weight=(weights or {}).get(s, 1.0), score=1)
        for f in folds
        for s in seeds
    )
    return Selection(
        metric="accuracy", tta="none", vote=vote, threshold=threshold, member_threshold=None, members=members,
        crossfit=nothing, optimistic=nothing, scores={}, n_samples=1, n_groups=1, folds=(), comparisons=(),
        curves=(), groups={}, samples={},
    )  # fmt: skip


class World:
    """Predictions on disk whose errors are known: sharpened by a power that may change with the fold."""

    def __init__(
        self,
        root: Path,
        *,
        classes=BOTH,
        powers=(2.5,) * 4,
        n=12,
        n_groups=12,
        seeds=(0,),
        noise=0.0,
    ):
        rng = np.random.default_rng(5)
        self.classes, records = classes, []
        self.folders = {seed: root / "oof" / f"seed{seed}" for seed in seeds}
        self.truth, self.said, self.folds, self.groups = {}, {}, {}, {}
        for i in range(n):
            name, fold = f"s{i:02d}", (i % n_groups) % len(powers)
            honest = rng.dirichlet(np.full(len(classes), 0.7), (SIDE, SIDE)).transpose(2, 0, 1)
            truth = (honest.cumsum(0) < rng.random((SIDE, SIDE))).sum(0).clip(0, len(classes) - 1)
            write_raster(root / "labels" / f"{name}.tif", truth.astype(np.uint8))
            each = []
            for folder in self.folders.values():
                logits = np.log(honest) + rng.normal(0, noise, honest.shape)
                said = softmax(powers[fold] * logits, axis=0)
                steps = np.rint(said[1:] * 65535).astype(np.uint16)
                write_raster(folder / f"{name}.tif", steps)
                foreground = steps.astype(np.float64) / 65535
                each.append(np.concatenate([1 - foreground.sum(0, keepdims=True), foreground]))
            self.truth[name], self.said[name] = truth.ravel(), np.stack(each).clip(0, 1)
            self.folds[name], self.groups[name] = fold, f"g{i % n_groups}"
            records.append(
                {
                    "sample": name, "side": "train", "image": "/none.tif", "height": SIDE, "width": SIDE,
                    "label": str(root / "labels" / f"{name}.tif"), "fold": fold, "group": f"g{i % n_groups}",
                }
            )  # fmt: skip
        self.frame = make_samples(records)

    def calibrate(self, selection=None, seed=0, **config) -> CalibrationResult:
        judged = find_judged(self.frame, {"none": self.folders}, SelectConfig(tta="none"))
        selection = selection or select(seeds=tuple(self.folders))
        config = {"resamples": 200, "workers": 0} | config
        return calibrate(judged, selection, self.classes, CalibrateConfig(**config), seed=seed)

    def pool(self, names, shares=(1.0,)):
        truth = np.concatenate([self.truth[name] for name in names])
        mixed = [np.tensordot(shares, self.said[name], axes=1) for name in names]
        average = [one.reshape(len(self.classes), -1) for one in mixed]
        return truth, np.concatenate(average, axis=1)


@pytest.fixture
def make_world(tmp_path):
    return lambda folder="world", **options: World(tmp_path / folder, **options)


def loss_of(result, kind):
    return result.judgement(kind).figures["log_loss"].value


def cost(truth, said):
    """Return the log loss; what was called impossible costs as much as half a step of 16 bits."""
    return -np.log(np.maximum(said[truth, np.arange(len(truth))], LEAST)).mean()


def slow_temperature(truth, said):
    logs = np.log(np.maximum(said, LEAST))
    return np.exp(
        minimize_scalar(
            lambda t: log_loss(truth, softmax(logs / np.exp(t), axis=0).T, labels=range(len(said))),
            bounds=(-3, 3),
            method="bounded",
            options={"xatol": 1e-6},
        ).x
    )


def test_each_fold_is_judged_by_what_was_fitted_to_the_others(make_world):
    world = make_world(powers=(1.0, 2.0, 3.0, 4.0))
    result = world.calibrate(kind="temperature")
    cooled, truths = [], []
    for fold in range(4):
        inside = [name for name, mine in world.folds.items() if mine == fold]
        outside = [name for name in world.truth if name not in inside]
        t = slow_temperature(*world.pool(outside))
        truth, said = world.pool(inside)
        truths.append(truth)
        cooled.append(softmax(np.log(np.maximum(said, LEAST)) / t, axis=0))
    truth, said = np.concatenate(truths), np.concatenate(cooled, axis=1)
    figures = result.judgement("temperature").figures
    assert figures["log_loss"].value == pytest.approx(log_loss(truth, said.T), abs=2e-6)
    assert figures["brier"].value == pytest.approx(brier_score_loss(truth, said[1]), abs=2e-6)
    whole = world.pool(world.truth)
    assert loss_of(result, "none") == pytest.approx(cost(*whole), abs=2e-6)
    in_all = slow_temperature(*whole)
    assert result.calibrator.mapping.temperature == pytest.approx(in_all, rel=1e-3)
    difference = loss_of(result, "temperature") - loss_of(result, "none")
    found = result.judgement("temperature").differences["log_loss"]
    assert found.value == pytest.approx(difference)
    assert found.low < found.value < found.high < 0


def test_a_fold_that_only_fits_itself_does_not_look_calibrated(make_world):
    # each fold is as unsure as the others are too sure: what is right in-sample is wrong across
    world = make_world(powers=(0.3, 4.0), n_groups=12)
    across = world.calibrate(select(folds=range(2)), kind="temperature")
    inside = [
        slow_temperature(*world.pool([name for name, mine in world.folds.items() if mine == fold]))
        for fold in range(2)
    ]
    np.testing.assert_allclose(inside, [0.3, 4.0], rtol=0.1)
    assert loss_of(across, "temperature") > loss_of(across, "none") + 0.1
    assert world.calibrate(select(folds=range(2)), kind="auto").kind == "none"


def slow_ece(truth, said, bins):
    total = 0.0
    top = said.max(0)
    for k in range(bins):
        mine = (np.minimum((top * bins).astype(int), bins - 1) == k).nonzero()[0]
        if len(mine):
            right = np.mean([said[:, i].argmax() == truth[i] for i in mine])
            total += len(mine) / len(truth) * abs(right - np.mean([top[i] for i in mine]))
    return total


@pytest.mark.parametrize("classes", [BOTH, THREE], ids=["two", "three"])
def test_figures_and_diagrams_are_a_slow_loops(make_world, classes):
    world = make_world(classes=classes, n=8, n_groups=8)
    result = world.calibrate(kind="none", bins=10)
    assert (result.kind, result.calibrator, len(result.judgements)) == ("none", None, 1)
    truth, said = world.pool(world.truth)
    only = result.judgement("none")
    assert only.figures["ece"].value == pytest.approx(slow_ece(truth, said, 10), abs=1e-5)
    assert only.figures["overconfidence"].value == pytest.approx(
        said.max(0).mean() - (said.argmax(0) == truth).mean(), abs=1e-5
    )
    diagram = only.diagrams[1 + 1]
    assert diagram.name == "kelp"
    place = np.minimum((said[1].astype(np.float32).astype(float) * 10).astype(int), 9)
    for k in range(10):
        mine = place == k
        assert diagram.pixels[k] == pytest.approx(mine.sum(), abs=2)
        assert diagram.true[k] == pytest.approx((truth[mine] == 1).mean(), abs=0.01)
        assert diagram.said[k] == pytest.approx(said[1][mine].mean(), abs=0.01)
        assert diagram.low[k] <= diagram.true[k] <= diagram.high[k]
    classwise = [only.figures[f"ece_{name}"].value for name in classes.names]
    assert only.figures["classwise_ece"].value == pytest.approx(np.mean(classwise))


def test_intervals_draw_groups(make_world):
    world = make_world(n_groups=6, powers=(1.0, 3.0, 1.0, 3.0))
    result = world.calibrate(kind="none", resamples=300, level=0.9, seed=3)
    sums = []
    for group in sorted(set(world.groups.values())):
        truth, said = world.pool([name for name, own in world.groups.items() if own == group])
        sums.append([len(truth), len(truth) * cost(truth, said)])
    drawn = resample_sums(np.array(sums), 300, 3)
    low, high = np.quantile(drawn[:, 1] / drawn[:, 0], [0.05, 0.95])
    found = result.judgement("none").figures["log_loss"]
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-5), pytest.approx(high, abs=1e-5))
    assert result.n_groups == 6


@pytest.mark.parametrize("classes", [BOTH, THREE], ids=["two", "three"])
def test_auto_takes_what_helps_and_leaves_alone_what_is_calibrated(make_world, classes):
    sharp = make_world("sharp", classes=classes).calibrate(kind="auto")
    assert sharp.kind != "none"
    assert [one.kind for one in sharp.judgements] == ["none", "temperature", "vector", "isotonic"]
    losses = {one.kind: one.figures["log_loss"].value for one in sharp.judgements}
    assert losses[sharp.kind] == min(losses.values())
    before, after = (sharp.judgement(kind).figures["ece"].value for kind in ("none", sharp.kind))
    assert after < 0.2 * before
    honest = make_world("honest", classes=classes, powers=(1.0,) * 4).calibrate(kind="auto")
    assert (honest.kind, honest.calibrator) == ("none", None)


def test_members_are_averaged_by_their_weights(make_world):
    world = make_world(seeds=(0, 1), noise=0.8, n=8, n_groups=8)
    selection = select(seeds=(0, 1), weights={0: 3.0, 1: 1.0})
    result = world.calibrate(selection, kind="temperature", where="average")
    truth, said = world.pool(world.truth, shares=(0.75, 0.25))
    assert loss_of(result, "none") == pytest.approx(cost(truth, said), abs=1e-5)
    wanted = slow_temperature(truth, said)
    assert result.calibrator.mapping.temperature == pytest.approx(wanted, rel=1e-3)
    alone = world.calibrate(select(seeds=(0, 1), weights={0: 0.0, 1: 1.0}), kind="none")
    truth, said = world.pool(world.truth, shares=(0.0, 1.0))
    assert loss_of(alone, "none") == pytest.approx(cost(truth, said), abs=1e-5)


@pytest.mark.parametrize("where", ["average", "member"])
def test_what_is_mixed_is_calibrated(make_world, where):
    world = make_world(seeds=(0, 1), noise=0.8, n=8, n_groups=8)
    mix = tuple(MixPart(tta="none", seed=seed, share=share) for seed, share in ((1, 0.9), (0, 0.1)))
    selection = select(seeds=(0, 1)).model_copy(update={"mix": mix})
    result = world.calibrate(selection, kind="temperature", where=where)
    truth, said = world.pool(world.truth, shares=(0.1, 0.9))
    assert loss_of(result, "none") == pytest.approx(cost(truth, said), abs=1e-5)


def test_classes_with_numbers_of_their_own_have_no_threshold(make_world):
    selection = select().model_copy(update={"class_factors": (1.0, 2.0)})
    result = make_world(n=4, n_groups=4).calibrate(selection, kind="temperature", where="average")
    assert (result.threshold, result.calibrator.threshold) == (None, None)


def test_members_are_calibrated_each_where_that_is_asked_for(make_world):
    world = make_world(seeds=(0, 1), noise=0.8, n=8, n_groups=8, powers=(2.5, 2.5))
    result = world.calibrate(
        select(seeds=(0, 1), folds=range(2)), kind="temperature", where="member"
    )
    assert (result.calibrator.where, result.calibrator.threshold) == ("member", None)
    names = list(world.truth)
    parts = []
    for fold in range(2):
        inside = [name for name in names if world.folds[name] == fold]
        outside = [name for name in names if world.folds[name] != fold]
        both = [world.pool(outside, shares) for shares in ((1.0, 0.0), (0.0, 1.0))]
        t = slow_temperature(*(np.concatenate(one, axis=-1) for one in zip(*both, strict=True)))
        each = [world.pool(inside, shares) for shares in ((1.0, 0.0), (0.0, 1.0))]
        cooled = [softmax(np.log(np.maximum(said, LEAST)) / t, axis=0) for _, said in each]
        parts.append((each[0][0], np.mean(cooled, axis=0)))
    truth, said = (np.concatenate(one, axis=-1) for one in zip(*parts, strict=True))
    assert loss_of(result, "temperature") == pytest.approx(cost(truth, said), abs=1e-5)


@pytest.mark.parametrize("kind", ["temperature", "vector", "isotonic"])
def test_the_threshold_in_calibrated_terms_decides_the_same_pixels(make_world, kind):
    world = make_world(powers=(2.0, 2.0, 2.5, 2.5))
    result = world.calibrate(select(threshold=0.37), kind=kind, where="average")
    assert result.threshold == 0.37
    said = torch.from_numpy(world.pool(world.truth)[1]).float()[None, :, :, None]
    better = result.calibrator(said)[0, 1, :, 0].numpy()
    decided = better >= result.calibrator.threshold - 1e-6
    other = decided != (said[0, 1, :, 0].numpy() >= 0.37)
    # curves may be flat there: several probabilities become one, which is the threshold
    np.testing.assert_allclose(better[other], result.calibrator.threshold, atol=2e-6)
    assert other.mean() < (0.03 if kind == "isotonic" else 1e-4)


def test_three_classes_are_fitted_to_a_sample_that_stands_for_all(make_world):
    world = make_world(classes=THREE)
    few, all_of_them = (world.calibrate(kind="temperature", pixels=n) for n in (5000, 10**6))
    truth, said = world.pool(world.truth)
    whole = fit_calibrator("temperature", Pixels(truth, said, np.ones(len(truth))))
    assert all_of_them.calibrator.mapping.temperature == pytest.approx(whole.temperature, rel=1e-3)
    assert few.calibrator.mapping.temperature == pytest.approx(whole.temperature, rel=0.1)
    assert few.calibrator != all_of_them.calibrator


def test_hard_votes_one_fold_and_one_group(make_world):
    hard = make_world("hard", n=4, n_groups=4).calibrate(select(vote="hard"))
    assert (hard.kind, [one.kind for one in hard.judgements]) == ("none", ["none"])
    assert any("votes are hard" in note for note in hard.notes)
    with pytest.raises(UsageError, match="soft votes for isotonic"):
        make_world("asked", n=4, n_groups=4).calibrate(select(vote="hard"), kind="isotonic")
    one_fold = make_world("fold", powers=(2.5,)).calibrate(select(folds=range(1)))
    assert one_fold.kind != "none"
    one_group = make_world("group", powers=(2.5,), n=4, n_groups=1).calibrate(
        select(folds=range(1))
    )
    assert one_group.kind == "none"
    assert one_group.judgement("temperature").figures["ece"].low is None
    assert any("one group only" in note for note in one_group.notes)


def test_unlabelled_pixels_count_nowhere(make_world):
    world = make_world(n=4, n_groups=4, classes=ClassTable(("sea", "kelp"), (0, 1), ignore=(255,)))
    before = world.calibrate(kind="none")
    name = next(iter(world.truth))
    label = world.truth[name].reshape(SIDE, SIDE).astype(np.uint8)
    label[:10] = 255
    write_raster(Path(world.frame.set_index("sample").loc[name, "label"]), label)
    after = world.calibrate(kind="none")
    assert before.n_pixels - after.n_pixels == 10 * SIDE
    with pytest.raises(DataError, match="pixels"):
        for one in world.truth:
            write_raster(
                Path(world.frame.set_index("sample").loc[one, "label"]), np.full_like(label, 255)
            )
        world.calibrate(kind="temperature")


def test_what_is_written_is_read_back(make_world, tmp_path):
    result = make_world(n=6, n_groups=6).calibrate()
    result.write(tmp_path / "calibration.json")
    assert read_calibration(tmp_path / "calibration.json") == result
    with pytest.raises(FileReadError, match="no such file"):
        read_calibration(tmp_path / "other.json")
    (tmp_path / "bad.json").write_text('{"kind": 3}')
    with pytest.raises(FileReadError, match="expected a calibration"):
        read_calibration(tmp_path / "bad.json")


def test_classes_that_were_judged_alone_are_shares_of_one(make_world):
    world = make_world(n=4, n_groups=4, classes=THREE)
    for name in world.truth:
        both = np.stack([np.full((SIDE, SIDE), round(p * 65535), np.uint16) for p in (0.9, 0.6)])
        write_raster(world.folders[0] / f"{name}.tif", both)
    result = world.calibrate(kind="none")
    truth = np.concatenate(list(world.truth.values()))
    said = np.array([LEAST, 0.6, 0.4])
    assert loss_of(result, "none") == pytest.approx(-np.log(said[truth]).mean(), abs=1e-4)
