"""The section of suspect labels: bounded pictures, what is proposed, and nothing where nothing was compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from landseer.audit.suspects import SuspectsConfig
from landseer.core.classes import ClassTable
from landseer.raster.label import read_label
from landseer.report.outcome import Outcome
from landseer.report.suspects import MARKS, look_at, suspects_section, write_picture
from landseer.select.suspects import Suspects, find_suspects, held_out

THREE = ClassTable(("land", "water", "wood"), (0, 1, 2), ignore=(9,))


def compared(outcome: Outcome, *, edge_px: int = 0, pictures: int = 3) -> Outcome:
    folders = sorted(path for path in outcome.oof.parent.iterdir() if path.is_dir())
    held = held_out(outcome.samples, folders)
    config = SuspectsConfig(edge_px=edge_px, region_px=1, score="softmin")
    found = find_suspects(held, outcome.classes, config, workers=1)
    return replace(outcome, suspects=found, suspect_pictures=pictures)


@pytest.mark.parametrize("classes", [None, THREE])
def test_the_pictures_are_bounded_and_the_rest_is_listed(
    build_outcome: Callable[..., Outcome], classes: ClassTable | None
) -> None:
    made = build_outcome(seeds=(0, 1), gsd_m=30.0, **({"classes": classes} if classes else {}))
    outcome = compared(made)
    parts = {part["kind"]: part for part in suspects_section(outcome)["parts"]}
    shown = parts["strips"]["strips"]
    assert len(shown) == 3
    assert {len(strip.tiles) for strip in shown} == {5}
    assert shown[0].name.startswith("1 · ")
    assert [bool(strip.tiles[0].bar) for strip in shown] == [True, False, False]
    tables = [part for part in suspects_section(outcome)["parts"] if part["kind"] == "table"]
    assert tables[0]["title"] == f"{len(outcome.suspects.table) - 3} more, without a picture"
    assert len(tables[1]["rows"]) == len(outcome.classes)


def test_nothing_compared_and_nothing_found(outcome: Outcome) -> None:
    for suspects, says in ((None, "No labels were compared"), ("none", "No label is contradicted")):
        found = compared(outcome).suspects
        empty = Suspects(found.table.iloc[:0], found.evidence) if suspects else None
        (part,) = suspects_section(replace(outcome, suspects=empty))["parts"]
        assert says in part["text"]


def test_the_marks_say_where_the_two_surely_differ(
    build_outcome: Callable[..., Outcome], tmp_path
) -> None:
    made = build_outcome()
    label = read_label(made.row("s03")["label"], made.classes)
    found = Suspects(
        compared(made).suspects.table,
        {"thresholds": [0.5, None], "edge_px": 0, "region_px": 1},
    )
    one = next(o for o in held_out(made.samples, [made.oof]) if o.sample == "s03")
    look = look_at(one, found, made.bands, made.classes)
    likely = look.probability.argmax(axis=0)
    assert (look.marks > 0).tolist() == (likely != label).tolist()
    assert (look.marks == 2).tolist() == ((likely == 0) & (label == 1)).tolist()
    path = tmp_path / "a.png"
    write_picture(path, "1  s03", look, made.classes)
    with Image.open(path) as picture:
        assert picture.size[0] > 5 * 300
        colours = {tuple(c) for c in np.asarray(picture.convert("RGB")).reshape(-1, 3)}
    wanted = tuple(int(MARKS[2][i : i + 2], 16) for i in (1, 3, 5))
    assert (wanted in colours) == bool((look.marks == 2).any())
