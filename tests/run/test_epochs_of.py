"""The files by which a member takes part in a prediction."""

from __future__ import annotations

from pathlib import Path

import pytest

from landseer.run import model_stages
from landseer.run.model_stages import Member, epochs_of
from landseer.select.selection import MixPart

FILES = [Path("best.safetensors"), Path("best2.safetensors")]


@pytest.fixture(autouse=True)
def two_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A member that kept two epochs, such as one that stopped early."""
    monkeypatch.setattr(model_stages, "weights_of", lambda *_: FILES)


def shares_of(*parts: tuple[str, float]) -> dict[tuple[int, str | None, str], float]:
    """Return the weights by rank, views and voice; no two files stand for the same."""
    mix = [MixPart(tta=name, seed=0, share=share) for name, share in parts]
    found = epochs_of(None, Member(0, 0), mix, "none", 1.0)  # type: ignore[arg-type]
    keys = [(one.rank, one.tta, one.voice) for one in found]
    assert len(set(keys)) == len(keys) and all(one.path == FILES[one.rank] for one in found)
    return {key: one.weight for key, one in zip(keys, found, strict=True)}


def test_epochs_that_are_not_there_are_the_last_one() -> None:
    found = shares_of(("d4+epoch2", 0.5), ("d4+epoch3", 0.25), ("none+epoch1", 0.25))
    assert found == {(1, "d4", ""): 0.75, (0, "none", ""): 0.25}


def test_one_file_may_speak_alone_and_with_others() -> None:
    found = shares_of(("d4+epoch1", 0.5), ("d4", 0.5))
    assert found == {(0, "d4", ""): 0.5, (0, "d4", "d4"): 0.25, (1, "d4", "d4"): 0.25}


def test_without_a_mixture_all_epochs_are_one_voice() -> None:
    found = epochs_of(None, Member(1, 7), (), "d4", 2.0)  # type: ignore[arg-type]
    assert [(one.rank, one.weight, one.tta, one.voice) for one in found] == [
        (0, 1.0, None, "d4"),
        (1, 1.0, None, "d4"),
    ]
