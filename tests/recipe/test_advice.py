"""People are told where inputs are scaled otherwise than pretrained weights were; it is no error."""

from __future__ import annotations

from pathlib import Path

import pytest

from landseer.recipe.advice import advice
from landseer.recipe.load import load_recipe
from landseer.recipe.template import fill_template

CASES = {
    "as it comes": ([], ""),
    "z-scores, as the seed had": (["inputs.normalise={kind: zscore}"], "red green blue"),
    "one channel": (["inputs.normalise_channels={green: {kind: minmax}}"], "green"),
    "another range": (["inputs.fixed_range={red: [0, 1]}"], "red"),
    "the same range": (["inputs.fixed_range={red: [0, 255]}"], ""),
    "weights that take anything": (
        ["model.weights=imagenet", "inputs.normalise={kind: zscore}"],
        "",
    ),
    "weights in a file of that name": (
        ["model.weights=aerial_swinb_si.pth", "inputs.normalise={kind: zscore}"],
        "red green blue",
    ),
}


@pytest.mark.parametrize(("overrides", "named"), CASES.values(), ids=CASES)
def test_scaling(
    overrides: list[str], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("aerial_swinb_si.pth").touch()
    path = tmp_path / "recipe.yaml"
    path.write_text(fill_template("landcover", name="demo", root=tmp_path))
    lines = advice(load_recipe(path, overrides))
    expected = ", ".join(f"{one}: {{kind: range, low: 0, high: 255}}" for one in named.split())
    assert [line.partition("normalise_channels: ")[2].partition(";")[0] for line in lines] == (
        [f"{{{expected}}}"] if named else []
    )
    assert all(line.startswith("inputs: expected the scaling that ") for line in lines)
