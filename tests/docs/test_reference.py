"""Reference pages: what follows from the code is current, and says all that the code says."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ["recipe.md", "verbs.md", "indices.md", "losses-and-metrics.md"]


@pytest.mark.parametrize("name", PAGES)
def test_generated_pages_are_current(reference: ModuleType, name: str) -> None:
    path = f"docs/reference/{name}"
    written = (ROOT / path).read_text("utf-8")
    assert written == reference.pages()[path], "run `python docs/make_reference.py`"


def test_every_key_of_the_recipe_has_a_meaning(reference: ModuleType) -> None:
    rows = [line for line in reference.recipe_page().splitlines() if line.startswith("| `")]
    silent = [row for row in rows if row.rstrip(" |").count(" | ") < 3]
    assert len(rows) > 150
    assert not silent


def test_every_argument_of_a_verb_has_a_meaning(reference: ModuleType) -> None:
    rows = [line for line in reference.verbs_page().splitlines() if line.startswith("| `")]
    assert rows
    assert [row for row in rows if row.endswith("|  |")] == []


def test_check_says_which_page_is_out_of_date(
    reference: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(reference, "ROOT", tmp_path)
    monkeypatch.setattr(reference, "pages", lambda: {"a.md": "new\n", "b.md": "same\n"})
    (tmp_path / "a.md").write_text("old\n")
    (tmp_path / "b.md").write_text("same\n")
    assert reference.main(["--check"]) == 1
    assert capsys.readouterr().out == "a.md: out of date\n"
    assert reference.main([]) == 0
    assert (tmp_path / "a.md").read_text() == "new\n"
    assert reference.main(["--check"]) == 0
