"""Several rounds of self-training, when they end, and pseudo-labels that are learnt as labels."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional

from landseer.feed.loader import Loader, make_batch
from landseer.models.store import load_member
from landseer.predict.ensemble import Ensemble, Voting
from landseer.raster.read import read_bands
from landseer.run import model_stages
from landseer.run.context import Run
from landseer.run.losses import weighed_losses
from landseer.run.model_stages import Member, make_job, make_model, make_source, trainable
from landseer.run.selftrain import find_candidates, self_train, student_recipe
from landseer.select.selection import read_selection
from landseer.selftrain.rounds import Rounds
from landseer.train.fit import make_module
from landseer.train.job import Job
from landseer.train.module import TrainingModule

from .selftrain_world import copy_of, without_page


@pytest.fixture(scope="module", autouse=True)
def _without_page() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        without_page(patch)
        yield


@pytest.fixture(scope="module")
def one_round(small_round: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Rounds]:
    """Return a run that may have two rounds, the first of which cannot have helped."""
    folder = tmp_path_factory.mktemp("rounds")
    options = ("selftrain.rounds=2", "selftrain.stop.min_gain=1")
    run = copy_of(small_round, folder, "run", *options)
    return run, self_train(run)


@pytest.fixture(scope="module")
def two_rounds(one_round: tuple[Run, Rounds], small_round: Path) -> tuple[Run, Rounds, list[str]]:
    """Return a copy that goes on, for it wants no gain; and what it trained."""
    return gone_on(
        one_round[0], small_round, "two", "selftrain.rounds=2", "selftrain.stop.min_gain=-1"
    )


@pytest.fixture(scope="module")
def hard(one_round: tuple[Run, Rounds], small_round: Path) -> tuple[Run, Rounds, list[str]]:
    """Return a copy whose student learns the likeliest classes, and what it trained."""
    return gone_on(one_round[0], small_round, "hard", "selftrain.loss=hard")


def gone_on(run: Run, world: Path, out: str, *options: str) -> tuple[Run, Rounds, list[str]]:
    """Self-train a copy of a run that has its rounds, with other options; say which members were trained."""
    folder = run.folder.parent
    shutil.copytree(run.folder, folder / out)
    copy = copy_of(world, folder, out, *options)
    fit, trained = model_stages.fit_member, list[str]()

    def noted(job: Job, *args: Any, **options: Any) -> dict[str, Any]:
        trained.append(job.folder.relative_to(copy.folder).as_posix())
        return fit(job, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_stages, "fit_member", noted)
        return copy, self_train(copy), trained


def round_of(run: Run, number: int) -> Run:
    """Return the run of a round."""
    if number == 0:
        return run
    return Run(student_recipe(run.recipe, number), run.path(f"selftrain/round{number}"))


def probability_of(run: Run, sample: str) -> NDArray[np.float32]:
    """Predict water on a candidate by a run's only member."""
    path = run.path("folds/fold0_seed0/best.safetensors")
    model = load_member(path, make_model(run, 0, pretrained=False)).eval()
    rows, _ = find_candidates(run)
    batch = make_batch(make_source(run, rows[rows["sample"] == sample]), [0])
    ensemble = Ensemble([model], model.quantities, Voting(tta="none")).eval()
    found: NDArray[np.float32] = ensemble(batch["image"])["mask"][0, 1].numpy()
    return found


def written_labels(run: Run) -> dict[str, NDArray[np.float64]]:
    """Read the probabilities of water that were written for a round's students."""
    paths = sorted(run.path("labels/fold0").glob("u*.tif"))
    return {path.stem: read_bands(path)[0] / 65535 for path in paths}


def test_a_round_that_brings_too_little_is_the_last(one_round: tuple[Run, Rounds]) -> None:
    run, rounds = one_round
    assert [one.number for one in rounds.rounds] == [0, 1]
    assert rounds.is_over and rounds.best.number == 0
    assert not run.path("selftrain/round2").exists()


def test_going_on_trains_the_second_round_alone(
    one_round: tuple[Run, Rounds], two_rounds: tuple[Run, Rounds, list[str]]
) -> None:
    _, rounds, trained = two_rounds
    assert trained == ["selftrain/round2/folds/fold0_seed0"]
    assert [one.number for one in rounds.rounds] == [0, 1, 2]
    assert [one.score for one in rounds.rounds[:2]] == [one.score for one in one_round[1].rounds]
    assert not rounds.is_over and rounds.best.number == 2


@pytest.mark.parametrize("number", [1, 2])
def test_students_of_a_round_teach_the_next(
    two_rounds: tuple[Run, Rounds, list[str]], number: int
) -> None:
    run, _, _ = two_rounds
    sample, written = min(written_labels(round_of(run, number)).items())
    teacher = probability_of(round_of(run, number - 1), sample)
    np.testing.assert_allclose(written, teacher, atol=1e-4)
    for other in {0, 1, 2} - {number - 1}:
        assert np.abs(written - probability_of(round_of(run, other), sample)).max() > 1e-3


def test_gains_are_beside_the_round_before_and_beside_the_run(
    two_rounds: tuple[Run, Rounds, list[str]],
) -> None:
    run, rounds, _ = two_rounds
    chosen = [read_selection(round_of(run, n).path("selection.json")) for n in range(3)]
    scores = [one.crossfit.value for one in chosen]
    assert [one.score for one in rounds.rounds] == scores
    for one in rounds.rounds[1:]:
        assert one.gain and one.gain_on_first
        assert one.gain.value == pytest.approx(one.score - scores[one.number - 1])
        assert one.gain_on_first.value == pytest.approx(one.score - scores[0])


def training_of(run: Run) -> tuple[Job, TrainingModule]:
    """Put the training of a round's student together."""
    frame = trainable(run)
    job = make_job(run, frame, make_source(run, frame), Member(0, 0), run.folder)
    losses = weighed_losses(run, frame.iloc[list(job.train)])
    module = make_module(job, make_model(run, 0), losses, run.recipe.augment, run.recipe.train)
    return job, module


def test_hard_pseudo_labels_are_learnt_with_the_recipe_s_own_loss(
    hard: tuple[Run, Rounds, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = round_of(hard[0], 1)
    job, module = training_of(run)
    monkeypatch.setattr(module, "log", lambda *_, **__: None)
    taught = job.soft[:3]
    batch = next(iter(Loader(job.source, [*taught, job.train[0]], batch_size=4, workers=0)))
    loss = module.training_step(batch, 0)
    probability = written_labels(run)
    truth = [probability[job.source.items[n].sample] > 0.5 for n in taught]
    truth.append(read_bands(Path(job.source.items[job.train[0]].label or ""))[0] == 1)
    channels, gsd_m = module.training_inputs(batch)
    raw = module.model.forward_channels(channels, gsd_m)["mask"]
    expected = functional.cross_entropy(raw, torch.from_numpy(np.stack(truth)).long())
    torch.testing.assert_close(loss, expected)


def test_another_loss_trains_the_student_anew_on_the_same_pseudo_labels(
    one_round: tuple[Run, Rounds], hard: tuple[Run, Rounds, list[str]]
) -> None:
    run, rounds, trained = hard
    assert trained == ["selftrain/round1/folds/fold0_seed0"]
    soft, sharp = round_of(one_round[0], 1), round_of(run, 1)
    before, after = written_labels(soft), written_labels(sharp)
    assert before.keys() == after.keys() and all((before[n] == after[n]).all() for n in before)
    table = "folds/fold0_seed0/metrics.csv"
    assert "loss_pseudo_labels" in soft.path(table).read_text()
    assert "loss_pseudo_labels" not in sharp.path(table).read_text()
    assert rounds.rounds[1].score != one_round[1].rounds[1].score
