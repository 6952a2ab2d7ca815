"""Mining: which empty samples the model is wrong about, and what training makes of the list."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from landseer.core.classes import IGNORE
from landseer.errors import FileReadError, RecipeError
from landseer.predict.oof import oof_path, read_oof
from landseer.run.context import Run
from landseer.run.mine import mine
from landseer.run.mine_taken import read_weights
from landseer.run.model_stages import Member, make_job, make_source, member_key, trainable
from landseer.run.selftrain_taught import taught_files
from landseer.selftrain.config import MineConfig
from landseer.selftrain.mined import judge_empty

from .selftrain_world import SIDE, open_small, without_page

SMALL = ("train.samples_per_epoch=16", "train.folds=[0, 1]", "mine.pictures=2")


def test_mined_samples_are_those_with_false_positives_out_of_fold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_page(monkeypatch)
    run = open_small(tmp_path, *SMALL, "mine.empty={sample: [u00, u02]}")
    found = {(one.sample, one.fold): one for one in mine(run)}
    frame = trainable(run)
    empty = frame[frame["sample"].str[1:].astype(int) % 2 == 0]
    empty = empty[empty["fold"].isin([0, 1])]
    labelled = {key: one for key, one in found.items() if not one.is_declared}
    assert set(labelled) == set(zip(empty["sample"], empty["fold"].astype(int), strict=True))
    for (sample, _), one in labelled.items():
        p = read_oof(oof_path(run.path("oof/none/seed0"), sample))
        assert one.wrong_px == int((p[1] > p[0]).sum())
        assert one.highest == pytest.approx(p[1].max(), abs=1e-6)
        assert (one.verdict == "wrong") == (one.wrong_px > 0)
    assert {key for key, one in found.items() if one.is_declared} == {
        (name, fold) for name in ("u00", "u02") for fold in (0, 1)
    }
    with run.path("mine/mined.csv").open() as file:
        wrong = [int(line["wrong_px"]) for line in csv.DictReader(file)]
    assert wrong == sorted(wrong, reverse=True)
    assert run.path("mine/worst.png").exists() == (wrong[0] > 0)

    taken = open_small(
        tmp_path,
        *SMALL,
        f"mine.mined={run.path('mine/weights.csv')}",
        "train.sampler=weighted",
    )
    job = make_job(taken, frame, make_source(taken, frame), Member(0, 0), tmp_path)
    plain = make_job(run, frame, make_source(run, frame), Member(0, 0), tmp_path)
    assert job.weights is not None and plain.weights is not None
    assert job.train[: len(plain.train)] == plain.train
    names = [job.source.items[position].sample for position in job.train]
    assert names[len(plain.train) :] == ["u00", "u02"]
    factor = {"wrong": 3.0, "sure": 0.5, "unsure": 1.0}
    for number, name in enumerate(names):
        verdict = next(
            (
                one.verdict
                for key, one in found.items()
                if key[0] == name and (not one.is_declared or key[1] == 0)
            ),
            "unsure",
        )
        assert job.weights[number] == pytest.approx(factor[verdict])
    tile = job.source.read(job.train[-1])
    assert tile.label is not None and tile.label.shape == (SIDE, SIDE)
    assert not tile.label.any()
    assert member_key(taken, Member(0, 0)) != member_key(run, Member(0, 0))

    train = taken.recipe.train.model_copy(update={"sampler": "uniform"})
    uniform = Run(taken.recipe.model_copy(update={"train": train}), taken.folder)
    with pytest.raises(RecipeError, match="sampler weighted"):
        make_job(uniform, frame, make_source(uniform, frame), Member(0, 0), tmp_path)
    assert taught_files(taken) != taught_files(run)
    run.path("mine/weights.csv").unlink()
    with pytest.raises(FileReadError, match="list of mined samples"):
        taught_files(taken)


def test_pixels_that_are_not_known_do_not_make_a_sample_wrong() -> None:
    p = np.full((2, 4, 4), 0.5, np.float32)
    p[1, 0], p[0, 0], p[1, 1:], p[0, 1:] = 0.9, 0.1, 0.01, 0.99
    decision = (p[1] > p[0]).astype(np.uint8)
    truth = np.zeros((4, 4), np.uint8)
    config = MineConfig()
    one = judge_empty("a", 0, p, decision, truth, config)
    assert (one.verdict, one.wrong_px, one.wrong_share) == ("wrong", 4, 0.25)
    truth[0] = IGNORE
    assert judge_empty("a", 0, p, decision, truth, config).verdict == "sure"
    assert judge_empty("a", 0, p, decision, np.full_like(truth, IGNORE), config).verdict == "unsure"
    few = MineConfig(wrong_at_least_px=5)
    assert judge_empty("a", 0, p, decision, None, few).verdict == "unsure"


def test_a_list_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileReadError, match="list of mined samples"):
        read_weights(tmp_path / "none.csv")
    (tmp_path / "a.csv").write_text("sample,factor\na,1\n")
    with pytest.raises(FileReadError, match="no fold"):
        read_weights(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text("sample,fold,factor,verdict,image,gsd_m,site\na,,-1,,,,\n")
    with pytest.raises(FileReadError, match="above 0"):
        read_weights(tmp_path / "b.csv")
