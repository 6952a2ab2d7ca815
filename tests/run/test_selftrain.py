"""Self-training on worlds where labels can be remembered but never learnt: what leaks would show as a score."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from landseer.core.classes import IGNORE
from landseer.feed.loader import make_batch
from landseer.models.store import load_member
from landseer.predict.ensemble import Ensemble, Voting
from landseer.raster.read import read_bands
from landseer.recipe.load import load_recipe
from landseer.run import runner
from landseer.run.context import Run, open_run
from landseer.run.model_stages import Member, make_job, make_model, make_source, trainable
from landseer.run.selftrain import find_candidates, self_train
from landseer.run.versus import compare_runs
from landseer.selftrain.rounds import Rounds, read_rounds

from .selftrain_world import SIDE, open_small, without_page


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("selftrain")
    with pytest.MonkeyPatch.context() as patch:
        without_page(patch)
        runner.run_stages(open_small(folder), until="select")
        yield folder


def trained(world: Path, out: str, *overrides: str) -> tuple[Run, Rounds]:
    """Self-train on a copy of the run of round 0."""
    shutil.copytree(world / "run", world / out, dirs_exist_ok=True)
    run = open_small(world, *overrides, out=out)
    return run, self_train(run)


@pytest.fixture(scope="module")
def honest(world: Path) -> tuple[Run, Rounds]:
    return trained(world, "honest")


def test_a_teacher_that_saw_the_truth_passes_it_on_and_one_of_the_fold_does_not(
    world: Path, honest: tuple[Run, Rounds]
) -> None:
    _, leaking = trained(world, "leaking", "selftrain.teachers=all")
    _, fair = honest
    first, second = fair.rounds
    too_good = leaking.rounds[1]
    assert first.score < 0.65
    assert second.score < 0.65
    assert too_good.score > second.score + 0.12
    assert too_good.gain and too_good.gain.value and too_good.gain.value > 0.12
    assert "too good" in leaking.notes[0]
    assert not fair.notes


def test_pseudo_labels_are_what_the_fold_s_own_members_predict(honest: tuple[Run, Rounds]) -> None:
    run, _ = honest
    rows, may = find_candidates(run)
    fold = 1
    path = run.path(f"folds/fold{fold}_seed0/best.safetensors")
    model = load_member(path, make_model(run, 0, pretrained=False)).eval()
    ensemble = Ensemble([model], model.quantities, Voting(tta="none")).eval()
    chosen = rows[may[:, fold]].reset_index(drop=True)
    batch = make_batch(make_source(run, chosen), range(4))
    expected = ensemble(batch["image"])["mask"][:, 1].numpy()
    for number in range(4):
        path = run.path(f"selftrain/round1/labels/fold{fold}/{chosen['sample'][number]}.tif")
        written = read_bands(path)[0] / 65535
        np.testing.assert_allclose(written, expected[number], atol=1e-4)


def test_students_learn_as_many_pseudo_labels_as_labels_and_never_from_test_labels(
    honest: tuple[Run, Rounds],
) -> None:
    run, _ = honest
    student = Run(run.recipe, run.path("selftrain/round1"))
    frame = trainable(student)
    job = make_job(student, frame, make_source(student, frame), Member(0, 0), student.folder)
    assert job.soft and not set(job.soft) & {*job.train, *job.held_out}
    assert all(job.source.items[position].label is None for position in job.soft)
    batch = make_batch(job.source, [job.soft[0], job.train[0]])
    assert (batch["targets"]["mask"][0] == IGNORE).all()
    assert batch["targets"]["mask.soft"][1].isnan().all()
    torch.testing.assert_close(
        batch["targets"]["mask.soft"][0].sum(0), torch.ones(SIDE, SIDE), atol=1e-6, rtol=0
    )
    assert "pseudo_labels" in student.path("folds/fold0_seed0/metrics.csv").read_text()
    plain = make_job(run, frame, make_source(run, frame), Member(0, 0), run.folder)
    assert not plain.soft
    assert plain.train == job.train


def test_a_round_is_a_run_folder_and_its_gain_is_what_compare_says(
    honest: tuple[Run, Rounds],
) -> None:
    run, rounds = honest
    folder = run.path("selftrain/round1")
    assert (folder / "model/model.yaml").exists()
    done = runner.run_stages(open_run(load_recipe(folder), folder), until="select")
    done.pop("suspects")
    assert {value for key, value in done.items() if key != "folder"} == {"up to date"}
    versus, _ = compare_runs((run.folder, folder))
    gain = rounds.rounds[1].gain
    assert gain and gain.value == pytest.approx(versus.whole.difference)
    assert gain.low == pytest.approx(versus.whole.low)
    assert gain.value == pytest.approx(rounds.rounds[1].score - rounds.rounds[0].score)
    known = read_rounds(run.path("selftrain/rounds.json"))
    assert known == rounds
    with run.path("selftrain/rounds.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [line["round"] for line in lines] == ["0", "1"]
    assert [line["best"] for line in lines].count("1") == 1
    assert run.path("selftrain/rounds.png").exists()
    assert run.path("selftrain/round1/labels/fold0/labels.png").exists()
