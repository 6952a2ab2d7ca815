"""Weight soups: means of weights, chosen on the held-out fold, delivered as one member."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file

from landseer.augment import AugmentConfig
from landseer.core.files import read_json
from landseer.errors import StageError
from landseer.losses import Dice
from landseer.models.model import Model
from landseer.train.config import AdamW, Soup, TrainConfig
from landseer.train.fit import fit_member, ingredient_file
from landseer.train.job import Job
from landseer.train.norms import running_norms
from landseer.train.objective import TargetLosses
from landseer.train.soup import choose, cook_member, mean_state

LOSSES = {"mask": TargetLosses((Dice(),))}
AUGMENT = AugmentConfig(noise_std=0.05)
JobMaker, ModelMaker = Callable[..., Job], Callable[[], Model]
ON_GPU = torch.cuda.is_available()
"""There only what is asked to be deterministic is the same bit for bit."""


def config(kind: str = "uniform", **changes: object) -> TrainConfig:
    values: dict[str, Any] = {
        "epochs": 5, "batch_size": 4, "optimiser": AdamW(lr=3e-3), "precision": "fp32", "images": 0,
        "workers": 0, "deterministic": ON_GPU,
        "keep_best": 3, "soup": Soup(kind=kind),
    }  # fmt: skip
    return TrainConfig(**(values | changes))


def cook(job: Job, make: ModelMaker, settings: TrainConfig) -> dict[str, Any]:
    fit_member(job, make(), LOSSES, AUGMENT, settings)
    return cook_member(job, make(), LOSSES, AUGMENT, settings, [job.folder])


def test_a_uniform_soup_is_the_mean_of_the_best_epochs(
    make_job: JobMaker, make_tiny_model: ModelMaker
) -> None:
    job = make_job()
    result = cook(job, make_tiny_model, config())
    parts = [load_file(job.folder / ingredient_file(rank)) for rank in range(3)]
    soup, model = load_file(job.folder / "best.safetensors"), make_tiny_model()
    for name, _ in model.named_parameters():
        expected = torch.stack([part[name].double() for part in parts]).mean(0)
        assert torch.allclose(soup[name].double(), expected, atol=1e-7), name
    norm = next(iter(running_norms(model)))
    mean = torch.stack([part[f"{norm}.running_mean"] for part in parts]).mean(0)
    assert not torch.allclose(soup[f"{norm}.running_mean"], mean), "norms are taken anew"
    assert result["kept"] == 1 and len(result["soup"]["ingredients"]) == 3


def test_the_score_of_a_soup_is_that_of_its_weights(
    make_job: JobMaker, make_tiny_model: ModelMaker
) -> None:
    from landseer.feed.loader import make_batch
    from landseer.metrics.confusion import confusion_matrix
    from landseer.metrics.scores import score

    job = make_job()
    result = cook(job, make_tiny_model, config())
    model = make_tiny_model()
    model.load_state_dict(load_file(job.folder / "best.safetensors"))
    model.eval()
    batch = make_batch(job.source, list(job.held_out))
    with torch.no_grad():
        decided = model.values(batch["image"], batch["gsd_m"])["mask"].argmax(1)
    matrix = confusion_matrix(
        batch["targets"]["mask"].numpy().astype("uint8"), decided.numpy().astype("uint8"), 2
    )
    assert result["matrix"] == matrix.tolist()
    assert result["score"] == pytest.approx(score(matrix, ("land", "water"))["dice_water"])


def test_a_greedy_soup_is_never_worse_than_the_best_epoch_on_its_fold(
    make_job: JobMaker, make_tiny_model: ModelMaker
) -> None:
    job = make_job()
    result = cook(job, make_tiny_model, config("greedy", epochs=6, keep_best=4))
    trained = read_json(job.folder / "trained.json")
    assert result["score"] >= trained["score"]
    tried = result["soup"]["tried"]
    assert tried[0]["goodness"] == pytest.approx(trained["kept_goodness"][0])
    assert result["score"] == pytest.approx(max(one["goodness"] for one in tried))
    assert tried[0]["ingredients"] == [1] and len(tried) == 4


def test_a_greedy_soup_of_one_is_the_best_epoch_bit_for_bit(
    make_job: JobMaker, make_tiny_model: ModelMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    from landseer.train import soup

    job, settings = make_job(), config("greedy")
    fit_member(job, make_tiny_model(), LOSSES, AUGMENT, settings)
    monkeypatch.setattr(soup, "choose", lambda kind, n, taste: choose(kind, 1, taste))
    cook_member(job, make_tiny_model(), LOSSES, AUGMENT, settings, [job.folder])
    left, right = (
        load_file(job.folder / "best.safetensors"),
        load_file(job.folder / ingredient_file(0)),
    )
    assert all(torch.equal(left[key], right[key]) for key in right)


def test_a_soup_over_seeds_takes_the_epochs_of_all(
    make_job: JobMaker, make_tiny_model: ModelMaker
) -> None:
    job = make_job()
    settings = config(epochs=2, keep_best=1, seeds=(0, 1), soup=Soup(kind="uniform", over="seeds"))
    other = replace(job, folder=job.folder / "ingredients/seed1", seed=9)
    for one in (job, other):
        fit_member(one, make_tiny_model(), LOSSES, AUGMENT, settings)
    cook_member(job, make_tiny_model(), LOSSES, AUGMENT, settings, [job.folder, other.folder])
    parts = [load_file(one.folder / ingredient_file(0)) for one in (job, other)]
    soup = load_file(job.folder / "best.safetensors")
    for name, _ in make_tiny_model().named_parameters():
        assert torch.allclose(soup[name], (parts[0][name] + parts[1][name]) / 2, atol=1e-7)
    assert settings.member_seeds == (0,)
    assert config().member_seeds == (0,)


@pytest.mark.gpu
def test_a_killed_soup_ends_in_the_same_weights(
    make_job: JobMaker, make_tiny_model: ModelMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    from landseer.train import soup

    whole, killed, settings = make_job("whole"), make_job("killed"), config("greedy")
    cook(whole, make_tiny_model, settings)
    with monkeypatch.context() as patch:
        patch.setattr(soup, "save_member", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            cook(killed, make_tiny_model, settings)
    assert not (killed.folder / "done.json").exists()
    cook(killed, make_tiny_model, settings)
    left, right = (load_file(job.folder / "best.safetensors") for job in (whole, killed))
    assert all(torch.equal(left[key], right[key]) for key in left)


def test_choosing_follows_the_published_recipe() -> None:
    scores = {(0,): 0.5, (0, 1): 0.4, (0, 2): 0.5, (0, 2, 3): 0.7, (0, 1, 2, 3): 0.1}
    assert choose("greedy", 4, scores.__getitem__).positions == (0, 2, 3)
    assert choose("uniform", 4, scores.__getitem__).positions == (0, 1, 2, 3)
    nan = {(0,): float("nan"), (0, 1): 0.1}
    assert choose("greedy", 2, nan.__getitem__).positions == (0, 1)


def test_what_is_equal_in_all_stays_bit_for_bit() -> None:
    third = torch.full((3,), 1 / 3)
    one = {"same": third, "count": torch.tensor(3), "other": torch.zeros(2)}
    two = {"same": third.clone(), "count": torch.tensor(5), "other": torch.ones(2)}
    found = mean_state([one, two, two])
    assert torch.equal(found["same"], third)
    assert int(found["count"]) == 3
    assert torch.allclose(found["other"], torch.full((2,), 2 / 3))


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"keep_best": 1}, "keep_best of 2 or more"),
        ({"soup": Soup(over="seeds")}, "two seeds or more"),
    ],
)
def test_a_soup_of_one_is_refused(changes: dict[str, object], match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        config(**changes)


def test_cooking_without_a_recipe_for_it_is_refused(
    make_job: JobMaker, make_tiny_model: ModelMaker
) -> None:
    with pytest.raises(StageError, match="asks for a soup"):
        cook_member(make_job(), make_tiny_model(), LOSSES, AUGMENT, config(soup=None), [])
