"""The page of runs with real-valued targets: alone, beside a mask, on a grid of their own."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from landseer.audit.suspects import SuspectsConfig
from landseer.report.build import build_report
from landseer.report.config import ReportConfig
from landseer.report.outcome import Outcome
from landseer.report.rectified_section import rectified_section
from landseer.report.value_examples import value_examples_section
from landseer.report.value_ranking import rank_samples, spreads
from landseer.report.value_scores import metric_unit, sites_table, targets_table
from landseer.report.value_sections import errors_deg, values_section
from landseer.report.value_suspects import value_suspects_section
from landseer.select.suspects import Suspects
from landseer.select.value_suspects import find_value_suspects

from .test_build import Page
from .value_data import CANOPY, MASK, POSE, make_value_outcome, truth_of

ALONE = (
    "score values choices value-examples rectified suspects data places folds leak channels training recipe"
).split()


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return with_suspects(make_value_outcome(tmp_path_factory.mktemp("views"), seeds=(0, 1)))


def with_suspects(outcome: Outcome) -> Outcome:
    measured = outcome.values
    assert measured is not None
    found = find_value_suspects(
        measured.trial, measured.held, {}, SuspectsConfig(edge_px=0, region_px=1), "none", workers=1
    )
    return replace(outcome, suspects=Suspects(found.table, {**found.evidence, "tta": "none"}))


def page_of(outcome: Outcome, folder: Path) -> tuple[Page, str]:
    build_report(outcome, folder / "index.html")
    text = (folder / "index.html").read_text(encoding="utf-8")
    return Page(text), text


def test_sections_of_a_run_without_a_mask(outcome: Outcome, tmp_path: Path) -> None:
    page, text = page_of(outcome, tmp_path)
    assert [a["id"] for a in page.all("section")] == ALONE
    for word in ("Confusion", "threshold", "dice", "outline of the label", "Greatest probability"):
        assert word not in page.text, word
    assert "agl, mag, lean, px" in page.text
    assert len(text) < 1_500_000
    for _, attributes in page.tags:
        for name in ("src", "href"):
            assert re.match(r"#|data:image/(jpeg|png);base64,", attributes.get(name) or "#")
    assert "<b>&$x$" not in text
    assert page_of(outcome, tmp_path / "again")[1] == text


def test_every_score_stands_there_with_its_interval(outcome: Outcome) -> None:
    intervals = outcome.selection.intervals
    rows = {row[0].replace("\u00a0", " "): row[1:] for row in targets_table(outcome)["rows"]}
    assert list(rows) == ["agl, m", "mag, px", "lean, °", "px, px/m", "flow, px"]
    found = intervals["agl_rmse"]
    assert str(rows["agl, m"][1]).startswith(f"{found.value:.3f}<small>{found.low:.3f} to ")
    assert rows["lean, °"][0] == "–"
    assert f"{intervals['lean_error_deg'].value:.3f}" in str(rows["lean, °"][2])
    assert f"{intervals['flow_epe'].value:.3f}" in str(rows["flow, px"][2])


def test_sites_their_mean_and_all(outcome: Outcome) -> None:
    (part,) = sites_table(outcome)
    column = part["heads"].index("agl RMSE,\u00a0m")
    rows = {row[0]: row for row in part["rows"]}
    values = [outcome.selection.sites[site]["agl_rmse"] for site in "AB"]
    assert [rows[site][column] for site in "AB"] == [f"{value:.3f}" for value in values]
    assert rows["mean"][column] == f"{np.mean(values):.3f}"
    assert rows["all"][column] == f"{outcome.selection.scores['agl_rmse']:.3f}"
    assert not any("mag" in head for head in part["heads"])


def test_measured_is_what_a_slow_loop_counts(outcome: Outcome) -> None:
    measured = outcome.values
    assert measured is not None
    density = measured.densities["agl"]
    assert int(density.counts.sum()) == sum(int(np.isfinite(truth_of(i)).sum()) for i in range(8))
    scores = measured.evaluation.scores(measured.counts, measured.held.sites)
    assert scores["agl_rmse"] == pytest.approx(outcome.selection.scores["agl_rmse"])
    assert measured.scores("v03")["geopose_r2"] == pytest.approx(outcome.selection.samples["v03"])
    assert spreads(measured, "agl")[3] == pytest.approx(float(np.nanstd(truth_of(3))), rel=1e-6)
    known, said = measured.numbers["lean"]
    for i, error in enumerate(errors_deg(measured, "lean")):
        cosine = float(known[i] @ said[i] / np.linalg.norm(said[i]))
        assert abs(error) == pytest.approx(np.rad2deg(np.arccos(min(cosine, 1))), abs=1e-3)


def test_best_and_worst_are_ranked_by_what_decides(outcome: Outcome) -> None:
    measured = outcome.values
    assert measured is not None
    ranking = rank_samples(measured, "agl", "geopose_r2", 2)
    enough = [s for i, s in enumerate(measured.held.samples) if i != 1]
    order = sorted(enough, key=outcome.selection.samples.__getitem__)
    assert ranking.worst == tuple(order[:2])
    assert ranking.best == tuple(order[::-1][:2])
    by_error = rank_samples(measured, "agl", "agl_mae", 8)
    errors = {s: measured.scores(s)["agl_mae"] for s in measured.held.samples}
    assert [*by_error.worst, *by_error.best[::-1]] == sorted(errors, key=lambda s: -errors[s])
    assert "spreads" in ranking.said and "spreads" not in by_error.said


def test_rows_of_pictures(outcome: Outcome) -> None:
    section = value_examples_section(outcome)
    assert section is not None
    worst, best = section["parts"]
    assert (worst["title"], best["title"]) == ("agl: worst", "agl: best")
    captions = [tile.caption for tile in worst["strips"][0].tiles]
    assert captions[0].startswith(("flow, ", "image"))
    assert captions[1:] == ["true", "predicted", "error"]
    facts = dict(worst["strips"][0].facts)
    sample = worst["strips"][0].name
    assert facts["geopose_r2"] == f"{outcome.selection.samples[sample]:.3f}".replace("-", "−")
    assert [bool(strip.tiles[0].bar) for strip in worst["strips"]] == [True, False]
    assert value_examples_section(replace(outcome, config=ReportConfig(examples=0))) is None


def test_rectified_views(outcome: Outcome) -> None:
    section = rectified_section(outcome)
    assert section is not None
    (sheet,) = section["parts"]
    assert len(sheet["strips"]) == 2
    assert len({strip.name for strip in sheet["strips"]}) == 2
    lean = {f"v{i:02d}": np.nanmean(truth_of(i)) * (0.8 + 0.1 * i) for i in range(8)}
    assert sheet["strips"][1].name == max(lean, key=lambda s: lean[s])
    captions = [tile.caption for tile in sheet["strips"][0].tiles]
    assert captions[0] == "as seen"
    assert re.fullmatch(r"rectified by prediction, [\d.]+% hidden", captions[1])


def test_suspects_in_pictures_and_the_rest_listed(outcome: Outcome) -> None:
    measured, found = outcome.values, outcome.suspects
    assert measured is not None and found is not None and len(found.table)
    section = value_suspects_section(replace(outcome, suspect_pictures=1), measured, found)
    sheets = [part for part in section["parts"] if part["kind"] == "strips"]
    assert [len(sheet["strips"]) for sheet in sheets] == [1]
    row = found.table.iloc[0]
    assert sheets[0]["strips"][0].name == f"1 · {row['sample']}"
    assert row["reason"] in sheets[0]["strips"][0].tiles[1].caption
    empty = Suspects(found.table.iloc[:0], found.evidence)
    (part,) = value_suspects_section(outcome, measured, empty)["parts"]
    assert part["text"] == "No reference stands out."
    noted = Suspects(found.table.iloc[:0], {**found.evidence, "note": "nothing to compare"})
    (part,) = value_suspects_section(outcome, measured, noted)["parts"]
    assert part["text"] == "nothing to compare"


def test_a_reference_on_its_own_grid_stays_in_its_blocks(tmp_path: Path) -> None:
    outcome = make_value_outcome(tmp_path, CANOPY, metric="canopy_mae", n=4)
    page, _ = page_of(outcome, tmp_path / "page")
    assert "true, pixels of 4 m" in page.text
    assert "predicted, pixels of the image" in page.text
    keys = [a["id"] for a in page.all("section")]
    assert "rectified" not in keys and "values" in keys
    assert metric_unit(outcome) == "m"
    value = f"{outcome.selection.crossfit.value:.3f}"
    assert f"{value}\u00a0m" in " ".join(page.words)
    assert "less is better" in page.text


def test_numbers_alone(tmp_path: Path) -> None:
    numbers = {name: POSE[name] for name in ("lean", "px")}
    outcome = with_suspects(make_value_outcome(tmp_path, numbers, metric="lean_error_deg"))
    measured = outcome.values
    assert measured is not None and measured.drawn == () and metric_unit(outcome) == "°"
    page, _ = page_of(outcome, tmp_path / "page")
    keys = [a["id"] for a in page.all("section")]
    assert "value-examples" not in keys and "rectified" not in keys
    assert "lean: error of each image" in page.text and "px: predicted against true" in page.text
    found = outcome.suspects
    assert found is not None
    row = dict.fromkeys(found.table.columns, "") | {
        "sample": "v00",
        "rank": 1,
        "score": 4.0,
        "fold": 0,
    }
    rows = pd.DataFrame([row | {"reason": "lean 1°, predicted 90°", "target": "lean"}])
    section = value_suspects_section(outcome, measured, Suspects(rows, found.evidence))
    assert section["parts"][-1]["kind"] == "table"
    assert section["parts"][-1]["rows"] == [
        ["v00", "–", "lean 1°, predicted 90°", 4.0, "–", "–", 0]
    ]


@pytest.mark.parametrize("metric", ["dice_kelp", "agl_r2"])
def test_a_mask_beside_values_shows_both(tmp_path: Path, metric: str) -> None:
    outcome = make_value_outcome(tmp_path, MASK | POSE, metric=metric, n=6)
    page, _ = page_of(outcome, tmp_path / "page")
    keys = [a["id"] for a in page.all("section")]
    assert {"values", "examples", "value-examples", "rectified"} <= set(keys)
    assert "Confusion" in page.text and "By class, pooled over all pixels" in page.text
    scores = outcome.selection.scores
    assert f"{scores['dice_kelp']:.4f}" in page.text
    assert f"{scores['agl_rmse']:.3f}" in page.text
    assert ("Score at each threshold" in page.text) == (metric == "dice_kelp")


def test_a_mask_of_another_name_has_its_own_scores(tmp_path: Path) -> None:
    outcome = make_value_outcome(tmp_path, {"cover": MASK["mask"]} | POSE, metric="agl_r2", n=6)
    assert outcome.mask == "cover"
    page, _ = page_of(outcome, tmp_path / "page")
    assert f"kelp {outcome.selection.scores['cover_dice_kelp']:.4f}" in page.text


def test_a_run_of_a_mask_has_no_values(outcome: Outcome) -> None:
    plain = replace(outcome, values=None)
    assert values_section(plain) is None
    assert value_examples_section(plain) is None
    assert rectified_section(plain) is None
    assert metric_unit(plain) == ""
