"""The leak meter: it sees what is remembered, and nothing where nothing can be."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from landseer.audit.pairs import make_pairs
from landseer.core.files import read_json
from landseer.errors import FileReadError, StageError
from landseer.metrics.confusion import confusion_matrix
from landseer.metrics.scores import score, scores
from landseer.models.store import load_member
from landseer.raster.read import read_bands
from landseer.raster.write import write_raster
from landseer.recipe.load import load_recipe
from landseer.report.leak import evidence, headline, leak_figure, leak_section
from landseer.run.context import Run, open_run
from landseer.run.leak import measure_leak
from landseer.run.leak_compare import Trials, compare
from landseer.run.leak_deal import (
    AMOUNT,
    add_amount,
    exposure,
    grouped_folds,
    participants,
    random_folds,
    repeated_of,
    shared_ground,
)
from landseer.run.leak_memory import remembered
from landseer.run.leak_runs import counts_of, small_recipe
from landseer.run.leak_time import in_words
from landseer.run.model_stages import make_model, trainable
from landseer.samples.table import make_samples, read_samples
from landseer.select.estimate import Estimate
from landseer.select.leak_result import Contrast, Leak, Repeat, read_leak
from landseer.select.selection import read_selection

SIDE = 16
NAMES = ("land", "water")

RECIPE = """\
name: small
data:
  adapter: folder
  root: data
  images: images/*.tif
  labels: labels/*.tif
  bands: BANDS
  classes: [{name: land, value: 0}, {name: water, value: 1}]
same_place: {layers: [b0]}
split: {kind: group_kfold, n_folds: 2}
inputs: {bands: NAMES, normalise: {kind: zscore}}
model: {encoder: resnet18, weights: none}
augment: {d4: false}
loss: [{kind: ce}]
train: {precision: fp32, workers: 0}
select: {metric: accuracy, threshold: argmax, resamples: 200, workers: 1}
leak:
  {repeats: 1, n_folds: 2, epochs: 14, batch_size: 4, lr: 5.0e-3, encoder: test_resnet, decoder_channels: [16, 8]}
"""


N_BANDS = 12
"""So many that a place's colour says which one it is."""

RECIPE = RECIPE.replace(
    "BANDS", str([{"name": f"b{n}", "index": n + 1} for n in range(N_BANDS)])
).replace("NAMES", str([f"b{n}" for n in range(N_BANDS)]))


def write_data(root: Path, *, n_places: int, n_views: int, n_lone: int) -> None:
    """Write places whose label nothing in the image foretells: it can be remembered, never learnt."""
    rng = np.random.default_rng(5)
    for place in range(n_places + n_lone):
        colour = rng.integers(100, 1000, N_BANDS)[:, None, None]
        image = colour + rng.integers(0, 60, (N_BANDS, SIDE, SIDE))
        label = np.full((SIDE, SIDE), place % 2, np.uint8)
        for view in range(n_views if place < n_places else 1):
            name = f"p{place:02d}v{view}"
            write_raster(root / f"images/{name}.tif", image.astype(np.int16))
            write_raster(root / f"labels/{name}.tif", label)


def open_small(folder: Path, *overrides: str, **data: int) -> Run:
    write_data(folder / "data", **{"n_places": 0, "n_views": 1, "n_lone": 0} | data)
    (folder / "small.yaml").write_text(RECIPE)
    return open_run(load_recipe(folder / "small.yaml", overrides), folder / "run")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Leak]:
    run = open_small(tmp_path_factory.mktemp("leak"), n_places=10, n_views=3, n_lone=6)
    run.path(".stages").mkdir(parents=True, exist_ok=True)
    run.path(".stages/report.json").write_text("{}")
    return run, measure_leak(run)


def test_what_is_remembered_flatters_and_lone_samples_are_not_touched(
    measured: tuple[Run, Leak],
) -> None:
    _, leak = measured
    assert leak.whole and leak.repeated and leak.alone and leak.excess
    assert leak.exposed_grouped == 0
    assert leak.exposed_random == leak.by_repeat[0].exposed > 0.4
    assert (leak.n_samples, leak.n_groups, leak.n_repeated) == (36, 16, 30)
    assert leak.repeated.difference.low > 0.1
    assert leak.alone.difference.low <= 0
    assert leak.excess.value == pytest.approx(
        leak.repeated.difference.value - leak.alone.difference.value
    )
    assert "flatters by" in headline(leak)
    assert leak.seen > 0.9 > leak.unseen
    assert leak.fold_sizes == ((18, 18),)


def test_both_splits_differ_in_the_folds_alone(measured: tuple[Run, Leak]) -> None:
    run, _ = measured
    kept = {kind: run.path(f"leak/{kind}-0") for kind in ("random", "grouped")}
    texts = {kind: (p / "recipe.yaml").read_text().replace(kind, "") for kind, p in kept.items()}
    assert texts["random"] == texts["grouped"]
    assert len({(p / "statistics.json").read_bytes() for p in kept.values()}) == 1
    tables = [read_samples(p / "samples.parquet") for p in kept.values()]
    assert tables[0].drop(columns="fold").equals(tables[1].drop(columns="fold"))
    assert (tables[0]["fold"] != tables[1]["fold"]).any()
    for kind in kept:
        members = read_json(kept[kind] / "folds/members.json")
        assert {(m["epoch"], m["n_train"], m["n_held_out"]) for m in members} == {(13, 18, 18)}


def test_the_scores_are_those_of_the_small_runs(measured: tuple[Run, Leak]) -> None:
    run, leak = measured
    for kind, pooled in zip(
        ("random", "grouped"), (leak.whole.random, leak.whole.grouped), strict=True
    ):
        small = open_run(load_recipe(run.path(f"leak/{kind}-0")), run.path(f"leak/{kind}-0"))
        honest = read_selection(small.path("selection.json")).crossfit
        assert pooled.value == pytest.approx(honest.value)
        assert score(counts_of(small).sum(0), NAMES)["accuracy"] == pytest.approx(honest.value)
        assert getattr(leak.by_repeat[0], kind) == pytest.approx(honest.value)


def test_remembered_is_the_score_on_training_samples(measured: tuple[Run, Leak]) -> None:
    """Against a slow loop: each sample by the member that holds out the fold after its own."""
    run, leak = measured
    small = open_run(load_recipe(run.path("leak/grouped-0")), run.path("leak/grouped-0"))
    seen, held_out = remembered(small)
    assert seen.sum() == held_out.sum() == 36 * SIDE * SIDE
    assert score(seen, NAMES)["accuracy"] == pytest.approx(leak.seen)
    assert score(held_out, NAMES)["accuracy"] == pytest.approx(leak.unseen)
    rows, slow = trainable(small), np.zeros((2, 2), np.int64)
    for row in rows.itertuples():
        weights = small.path(f"folds/fold{1 - row.fold}_seed0/best.safetensors")
        model = load_member(weights, make_model(small, 0, pretrained=False)).eval()
        with torch.no_grad():
            x = torch.from_numpy(read_bands(Path(row.image)).astype(np.float32))[None]
            logits = model(x)["mask"]
        slow += confusion_matrix(read_bands(Path(row.label))[0], logits[0].argmax(0).numpy(), 2)
    assert np.abs(slow - seen).sum() <= 4


def test_a_second_call_trains_nothing_and_finds_the_same(
    measured: tuple[Run, Leak], capfd: pytest.CaptureFixture[str]
) -> None:
    run, leak = measured
    kept = sorted(run.path("leak").glob("*/folds/*/best.safetensors"))
    before = [p.stat().st_mtime_ns for p in kept]
    assert measure_leak(run) == leak
    assert [p.stat().st_mtime_ns for p in kept] == before
    assert "to train" not in capfd.readouterr().err


def test_what_was_found_is_kept(measured: tuple[Run, Leak]) -> None:
    run, leak = measured
    assert read_leak(run.path("leak/leak.json")) == leak
    assert run.path("leak/leak.png").read_bytes()[:4] == b"\x89PNG"
    assert not run.path(".stages/report.json").exists()
    assert not run.path("samples.parquet").exists()


def test_a_kept_result_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileReadError, match="no such file"):
        read_leak(tmp_path / "leak.json")
    (tmp_path / "leak.json").write_text('{"metric": 3}')
    with pytest.raises(FileReadError, match="expected a measured leak"):
        read_leak(tmp_path / "leak.json")


def test_where_no_place_is_shown_twice_nothing_is_trained(tmp_path: Path) -> None:
    run = open_small(tmp_path, n_lone=6)
    leak = measure_leak(run)
    assert leak.whole is None and leak.n_repeated == 0
    assert headline(leak).startswith("Nothing to leak: no two of the 6 samples")
    assert evidence(leak) == []
    assert not list(run.path("leak").glob("*-0"))
    assert not run.path("leak/leak.png").exists()
    with pytest.raises(ValueError, match="nothing was trained"):
        leak_figure(leak)


def test_fewer_places_than_folds_are_refused(tmp_path: Path) -> None:
    run = open_small(tmp_path, "leak.n_folds=3", n_places=2, n_views=2)
    with pytest.raises(StageError, match="at least 3 places for 3 folds; got 2") as error:
        measure_leak(run)
    assert error.value.where == "leak.n_folds"


def test_a_small_recipe_keeps_inputs_losses_and_score(tmp_path: Path) -> None:
    recipe = open_small(
        tmp_path,
        "model.scale=0.5",
        "train.early_stop={}",
        "train.ema_decay=0.9",
        "train.freeze=[{stages: 9}]",
        "train.profile=5",
        n_lone=1,
    ).recipe
    small = small_recipe(recipe, "x", 7, 512)
    for key in ("data", "inputs", "loss", "augment", "weights", "quality"):
        assert getattr(small, key) == getattr(recipe, key)
    assert small.select.metric == "accuracy"
    assert (small.seed, small.name, small.model.scale) == (7, "x", 0.25)
    assert small_recipe(recipe, "x", 7, 64).model.scale == 0.5
    assert small.train.validate_every_epochs == small.train.epochs == 14
    assert (small.train.ema_decay, small.train.early_stop) == (None, None)
    assert (small.train.freeze, small.train.profile) == ((), 0)
    plain = recipe.model_copy(update={"leak": recipe.leak.model_copy(update={"augment": "none"})})
    assert not small_recipe(plain, "x", 7, 64).augment.d4


def rows_of(groups: list[str], **columns: Any) -> Any:
    records = [
        {"sample": f"s{n:03d}", "side": "train", "image": "i", "label": "l", "height": 4, "width": 4, "group": group}
        | {name: values[n] for name, values in columns.items()}
        for n, group in enumerate(groups)
    ]  # fmt: skip
    return make_samples(records)


def test_participants_are_whole_groups_of_labelled_samples() -> None:
    rows = rows_of(
        [f"g{n // 3}" for n in range(30)],
        label=[None if n == 4 else "l" for n in range(30)],
        excluded=["bad" if n == 7 else None for n in range(30)],
        side=["test" if n == 29 else "train" for n in range(30)],
    )
    everyone = participants(rows, 1000, 0)
    assert list(everyone["sample"]) == [f"s{n:03d}" for n in range(29) if n not in (4, 7)]
    few = participants(rows, 11, 0)
    assert 9 <= len(few) <= 11
    sizes = everyone["group"].value_counts()
    assert few["group"].value_counts().to_dict() == {g: sizes[g] for g in set(few["group"])}
    assert list(participants(rows, 11, 0)["sample"]) == list(few["sample"])
    draws = {tuple(participants(rows, 11, seed)["sample"]) for seed in range(9)}
    assert len(draws) > 1


def test_amounts_are_none_little_and_much() -> None:
    rows = rows_of(["a"] * 4, class_water_pct=[0.0, 0.1, 0.2, 0.9])
    assert list(add_amount(rows, NAMES)[AMOUNT]) == ["none", "little", "little", "much"]
    assert list(add_amount(rows_of(["a"] * 2), NAMES)[AMOUNT]) == ["none", "none"]


def pairs_of(*triples: tuple[str, str, str]) -> pd.DataFrame:
    return make_pairs([{"a": a, "b": b, "method": m, "score": 1.0} for a, b, m in triples])


def test_sites_are_closed_and_chains_are_not() -> None:
    pairs = pairs_of(
        ("a", "b", "site"), ("a", "c", "site"),
        ("d", "e", "image: dem"), ("e", "f", "image: dem"), ("g", "z", "footprint"),
    )  # fmt: skip
    names = list("abcdefg")
    ground = shared_ground(names, pairs)
    linked = {(names[i], names[j]) for i, j in zip(*np.nonzero(ground), strict=True)}
    wanted = {("a", "b"), ("a", "c"), ("b", "c"), ("d", "e"), ("e", "f")}
    assert linked == wanted | {(b, a) for a, b in wanted}
    assert list(repeated_of(ground)) == [True] * 6 + [False]


@st.composite
def dealt(draw: st.DrawFn) -> tuple[Any, np.ndarray, int, int]:
    """Draw groups, which of them share ground, folds and a seed."""
    groups = draw(st.lists(st.integers(0, 12), min_size=8, max_size=60))
    names = [f"g{n}" for n in groups]
    ground = np.array([[a == b for a in names] for b in names]) & ~np.eye(len(names), dtype=bool)
    return names, ground, draw(st.integers(2, 3)), draw(st.integers(0, 99))


@given(dealt())
@settings(deadline=None, max_examples=25)
def test_random_folds_keep_sizes_make_up_and_lone_samples(case: Any) -> None:
    names, ground, n_folds, seed = case
    rows = add_amount(
        rows_of(names, class_water_pct=[n % 3 / 10 for n in range(len(names))]), NAMES
    )
    if len(set(names)) < n_folds:
        with pytest.raises(StageError):
            grouped_folds(rows, n_folds, (), seed)
        return
    grouped, columns = grouped_folds(rows, n_folds, (AMOUNT,), seed)
    assert columns == [AMOUNT]
    assert not exposure(ground, grouped).any()
    repeated = repeated_of(ground)
    random = random_folds(grouped, list(rows[AMOUNT]), repeated, seed)
    assert (random[~repeated] == grouped[~repeated]).all()
    assert (np.bincount(random) == np.bincount(grouped)).all()
    for amount in set(rows[AMOUNT]):
        cell = (rows[AMOUNT] == amount).to_numpy() & repeated
        if cell.sum() >= 2 * n_folds:
            assert (np.bincount(random[cell]) == np.bincount(grouped[cell], minlength=0)).all()
    assert (random == random_folds(grouped, list(rows[AMOUNT]), repeated, seed)).all()
    slow = [
        sum(ground[i, j] and random[i] != random[j] for j in range(len(names)))
        for i in range(len(names))
    ]
    assert list(exposure(ground, random)) == slow


def test_seeds_deal_differently() -> None:
    rows = add_amount(rows_of([f"g{n // 2}" for n in range(40)]), NAMES)
    deals = [grouped_folds(rows, 3, (), seed)[0] for seed in range(4)]
    assert len({tuple(folds) for folds in deals}) == 4


def accuracy(matrices: np.ndarray) -> np.ndarray:
    return scores(matrices, NAMES)["accuracy"]


def trials_of(counts: np.ndarray, groups: list[str]) -> Trials:
    return Trials(counts, groups, accuracy, resamples=400, level=0.9, seed=1)


def counts_with(right: np.ndarray) -> np.ndarray:
    """Turn (n, 2, repeats) rightly found pixels of 100 into matrices."""
    result = np.zeros((*right.shape, 2, 2), np.int64)
    result[..., 0, 0], result[..., 0, 1] = right, 100 - right
    return result


def test_a_contrast_is_the_difference_of_the_pooled_scores() -> None:
    rng = np.random.default_rng(2)
    right = rng.integers(40, 90, (30, 2, 3))
    right[:20, 0] += 10
    mask = {"all": np.ones((30, 3), bool), "first": np.zeros((30, 3), bool)}
    mask["first"][:20] = True
    mask["rest"] = ~mask["first"]
    found, excess = compare(trials_of(counts_with(right), [f"g{n // 2}" for n in range(30)]), mask)
    for name, inside in mask.items():
        share = [right[:, s][inside].mean() / 100 for s in (0, 1)]
        assert found[name].random.value == pytest.approx(share[0])
        assert found[name].grouped.value == pytest.approx(share[1])
        assert found[name].difference.value == pytest.approx(share[0] - share[1])
        gain = found[name].difference
        assert gain.low < gain.value < gain.high
    assert (found["first"].n_samples, found["first"].n_groups) == (20, 10)
    assert excess["first", "rest"].value == pytest.approx(
        found["first"].difference.value - found["rest"].difference.value
    )


def test_equal_splits_differ_by_nothing_at_all() -> None:
    right = np.repeat(np.random.default_rng(3).integers(0, 100, (12, 1, 2)), 2, axis=1)
    found, _ = compare(
        trials_of(counts_with(right), list("aabbccddeeff")), {"all": np.ones((12, 2), bool)}
    )
    assert found["all"].difference == Estimate(value=0.0, low=0.0, high=0.0)
    assert found["all"].random.low < found["all"].random.high


def test_the_interval_covers_a_known_difference() -> None:
    """Places and repeats of known spread: 90 % intervals hold the truth in 8 of 10 draws at least."""
    inside = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        gain = rng.normal(8, 4, (25, 1)) + rng.normal(0, 1.5, (1, 3)) + rng.normal(0, 2, (25, 3))
        right = np.stack([60 + gain, np.full_like(gain, 60.0)], axis=1).round().astype(int)
        trials = trials_of(counts_with(right), [str(n) for n in range(25)])
        gain = compare(trials, {"all": np.ones((25, 3), bool)})[0]["all"].difference
        inside += gain.low <= 0.08 <= gain.high
    assert inside >= 32


def test_repeats_that_disagree_widen_the_interval() -> None:
    steady = np.full((20, 2, 4), 70)
    steady[:, 1] = 60
    unsteady = steady.copy()
    unsteady[:, 0] += np.array([15, -15, 15, -15])
    widths = []
    for right in (steady, unsteady):
        trials = trials_of(counts_with(right), [str(n) for n in range(20)])
        gain = compare(trials, {"all": np.ones((20, 4), bool)})[0]["all"].difference
        assert gain.value == pytest.approx(0.1)
        widths.append(gain.high - gain.low)
    assert widths[0] == 0 and widths[1] > 0.1


def test_one_place_has_no_interval_and_nothing_counted_no_figure() -> None:
    right = np.full((4, 2, 1), 50)
    masks = {"all": np.ones((4, 1), bool), "none": np.zeros((4, 1), bool)}
    found, _ = compare(trials_of(counts_with(right), ["a"] * 4), masks)
    assert found["all"].difference == Estimate(value=0.0, low=None, high=None)
    assert found["none"].random.value is None


def leak_of(value: float, low: float | None, high: float | None) -> Leak:
    def contrast(name: str) -> Contrast:
        return Contrast(
            name=name,
            n_samples=20,
            n_groups=9,
            random=Estimate(value=0.7, low=0.6, high=0.8),
            grouped=Estimate(value=0.7 - value, low=0.5, high=0.9),
            difference=Estimate(value=value, low=low, high=high),
        )

    return Leak(
        metric="iou_water", level=0.95, n_samples=40, n_groups=18, n_repeated=20, trained="a thing",
        exposed_random=0.5, exposed_grouped=0.0, whole=contrast("all"), repeated=contrast("repeated"),
        alone=None, excess=None, doses=(contrast("0"), contrast("1")), seen=0.9, unseen=0.6,
        by_repeat=(Repeat(random=0.7, grouped=0.6, exposed=0.5),) * 2, fold_sizes=((20, 20),), notes=("so it is",),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "low", "high", "words"),
    [
        (0.07, 0.04, 0.11, "would have said 0.70; places never seen give 0.63: it flatters by 0.07 (0.04 to 0.11)."),
        (0.07, 0.004, 0.11, "it flatters by 0.070 (0.004 to 0.110)."),
        (0.01, -0.02, 0.03, "a difference of +0.010 (-0.020 to +0.030) that may be chance."),
        (-0.05, -0.07, -0.01, "it does not flatter, it says too little by -0.050"),
        (0.01, None, None, "a difference of +0.010 that may be chance."),
    ],
)  # fmt: skip
def test_the_headline_never_says_more_than_the_interval(
    value: float, low: float | None, high: float | None, words: str
) -> None:
    assert words in headline(leak_of(value, low, high))


def test_one_training_is_said_to_be_one() -> None:
    leak = leak_of(0.07, 0.04, 0.11)
    once = leak.model_copy(update={"by_repeat": leak.by_repeat[:1]})
    assert headline(once).endswith("(0.04 to 0.11), as far as one training each can tell.")


def test_the_evidence_names_what_was_trained() -> None:
    lines = evidence(leak_of(0.07, 0.04, 0.11))
    assert any(line.startswith("Trained: a thing") for line in lines)
    assert any("+0.300 is about what remembering could bring" in line for line in lines)
    assert "By repeat: +0.100, +0.100." in lines
    assert lines[-1] == "Note: so it is."


def test_the_report_shows_the_leak_or_how_to_measure_it(tmp_path: Path) -> None:
    outcome: Any = SimpleNamespace(oof=tmp_path / "oof" / "none" / "seed0")
    assert "landseer leak RECIPE" in leak_section(outcome)["parts"][0]["notes"][0]
    leak_of(0.07, 0.04, 0.11).write(tmp_path / "leak/leak.json")
    shown = leak_section(outcome)
    assert shown["lead"].startswith("A random split would have said 0.70")
    assert [part["kind"] for part in shown["parts"]] == ["cards", "chart", "table", "notes"]
    nothing = leak_of(0.07, 0.04, 0.11).model_copy(update={"whole": None})
    nothing.write(tmp_path / "leak/leak.json")
    assert "Nothing to leak" in leak_section(outcome)["parts"][0]["notes"][0]


def test_the_figure_tells_the_splits_apart_without_colour() -> None:
    axis = leak_figure(leak_of(0.07, 0.04, 0.11)).axes[0]
    markers = {line.get_marker() for line in axis.get_lines()} - {"None"}
    assert markers == {"^", "o"}
    assert [t.get_text() for t in axis.get_yticklabels()] == [
        "all samples (20)", "place shown again (20)",
        "0 views of it in training (20)", "1 view of it in training (20)",
    ]  # fmt: skip


def test_times_are_written_as_people_say_them() -> None:
    assert [in_words(s) for s in (0.2, 61, 200)] == ["1 s", "61 s", "3 min"]


def test_pairs_within_a_group_are_the_ground(measured: tuple[Run, Leak]) -> None:
    run, leak = measured
    rows = read_samples(run.path("leak/samples.parquet"))
    groups = rows.groupby("group")["sample"].apply(list)
    assert sum(len(list(combinations(names, 2))) for names in groups) == 30
    assert len(rows) == leak.n_samples
