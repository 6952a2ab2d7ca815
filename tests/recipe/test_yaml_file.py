"""YAML without its surprises."""

from __future__ import annotations

import pytest

from landseer.errors import RecipeError
from landseer.recipe.overrides import apply_overrides
from landseer.recipe.yaml_file import parse_yaml


def test_norwegian_bands_stay_text_and_small_numbers_are_numbers() -> None:
    values, _ = parse_yaml("a: NO\nb: on\nc: 1e-3\nd: true\ne: 3\nf: yes\ng: 1.5e-4\nh: -2.0", "x")
    assert values == {
        "a": "NO", "b": "on", "c": 1e-3, "d": True, "e": 3, "f": "yes", "g": 1.5e-4, "h": -2.0,
    }  # fmt: skip


def test_a_key_that_stands_twice_is_refused_with_both_lines() -> None:
    with pytest.raises(RecipeError, match="got 'a' on lines 1 and 3"):
        parse_yaml("a: 1\nb: 2\na: 3\n", "recipe.yaml")


def test_every_key_knows_its_line_and_column() -> None:
    _, marks = parse_yaml("train:\n  epochs: 3\nloss:\n  - kind: dice\n", "x")
    assert marks[("train", "epochs")] == (2, 3)
    assert marks[("loss", 0, "kind")] == (4, 5)


def test_text_that_is_not_yaml_is_refused_with_its_place() -> None:
    with pytest.raises(RecipeError, match=r"r\.yaml:2:"):
        parse_yaml("a: [1\nb: 2", "r.yaml")


def test_overrides_go_deep_and_are_yaml() -> None:
    values = {"train": {"epochs": 1}, "loss": [{"kind": "dice"}]}
    result = apply_overrides(
        values, ["train.epochs=5", "loss.0.kind=ce", "augment.d4=true", "train.folds=[0, 1]"]
    )
    assert result == {
        "train": {"epochs": 5, "folds": [0, 1]},
        "loss": [{"kind": "ce"}],
        "augment": {"d4": True},
    }
    assert values == {"train": {"epochs": 1}, "loss": [{"kind": "dice"}]}


@pytest.mark.parametrize("text", ["train.epochs", "loss.7.kind=ce", "train.epochs.x=1"])
def test_an_override_that_leads_nowhere_is_refused(text: str) -> None:
    with pytest.raises(RecipeError, match="expected"):
        apply_overrides({"train": {"epochs": 1}, "loss": [{"kind": "dice"}]}, [text])
