"""What the plots say: colours that differ, folds and fair shares, maps, layouts, thresholds, labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from landseer.audit.pairs import make_pairs
from landseer.core.classes import ClassTable
from landseer.report.balance import balance_section, class_shares_figure, fold_table
from landseer.report.footprint_map import clusters, details_figure, map_figure, placed
from landseer.report.hues import (
    FOLD_COLOURS,
    fold_style,
    ink_on,
    least_distance,
    line_colour,
)
from landseer.report.layout_figure import days_of, layout_figure
from landseer.report.look import Look
from landseer.report.map_frame import degrees_text, frame_for, limits
from landseer.report.pixel_layout import layouts, place_samples
from landseer.report.places import places_section
from landseer.report.quality_plots import quality_columns, quality_section, thresholds
from landseer.report.signatures import (
    signature_bands,
    signatures,
    signatures_figure,
    spread_apart,
    spreads_figure,
)

from .look_data import make_look, move


@pytest.fixture(scope="module")
def look(tmp_path_factory: pytest.TempPathFactory) -> Look:
    return make_look(tmp_path_factory.mktemp("look"))


@pytest.fixture(scope="module")
def placed_look(tmp_path_factory: pytest.TempPathFactory) -> Look:
    return make_look(tmp_path_factory.mktemp("look"), placed=True)


def changed(look: Look, **changes: object) -> Look:
    """Return a look with other contents."""
    names = Look.__dataclass_fields__
    return Look(**({name: getattr(look, name) for name in names} | changes))  # type: ignore[arg-type]


def texts(figure: Figure) -> list[str]:
    """List all texts of a figure."""
    figure.draw_without_rendering()
    return [
        text.get_text() for text in figure.findobj(match=lambda item: hasattr(item, "get_text"))
    ]


def test_fold_colours_differ_to_the_colour_blind_and_beyond_ten_by_mark() -> None:
    assert least_distance(FOLD_COLOURS) > 30
    styles = {(fold_style(fold).colour, fold_style(fold).marker) for fold in range(120)}
    assert len(styles) == 120
    assert least_distance(["#00aa00", "#aa5500"]) < least_distance(["#0000aa", "#aa5500"])
    assert least_distance(["#123456"]) == float("inf")
    assert (ink_on("#ffff00"), ink_on("#000080")) == ("#1d2b33", "#ffffff")


@given(st.integers(0, 0xFFFFFF))
def test_lines_are_dark_enough_for_white_paper(number: int) -> None:
    colour = f"#{number:06x}"
    drawn = line_colour(colour)
    red, green, blue = (int(drawn[i : i + 2], 16) / 255 for i in (1, 3, 5))
    assert 0.2 * red**2.2 + 0.7 * green**2.2 + 0.07 * blue**2.2 < 0.4
    assert line_colour(drawn) == drawn


def test_signatures_are_the_classes_means_in_order_of_wavelength(look: Look) -> None:
    assert [band.name for band in signature_bands(look)] == ["red", "nir"]
    shown, left = signatures(look)
    assert [one.name for one in shown] == list(look.classes.names)
    assert left == []
    back, kelp, _ = shown
    assert kelp.mean[1] - back.mean[1] == pytest.approx(200, abs=12)
    assert kelp.mean[0] == pytest.approx(112, abs=1)
    assert (np.diff(kelp.quantiles, axis=0) >= 0).all()
    assert {"red\n665 nm", "nir\n842 nm"} <= set(texts(signatures_figure(look)))
    assert "kelp · 96 px" in texts(spreads_figure(look))


def test_classes_too_rare_are_named_not_drawn_and_no_label_is_one_signature(look: Look) -> None:
    pixels = look.pixels
    few = np.flatnonzero(pixels.classes == 1)[10:]
    classes = pixels.classes.copy()
    classes[few] = 0
    shown, left = signatures(changed(look, pixels=replace(pixels, classes=classes)))
    assert (left, len(shown)) == (["kelp"], 2)
    none = replace(pixels, classes=np.full(len(pixels), 255, np.uint8))
    assert [one.name for one in signatures(changed(look, pixels=none))[0]] == ["all pixels"]


def test_alike_class_colours_get_dashes(look: Look) -> None:
    table = ClassTable(look.classes.names, look.classes.values, ("#00aa00", "#00ab00", "#0000ff"))
    assert len({str(one.dash) for one in signatures(changed(look, classes=table))[0]}) == 3
    table = ClassTable(look.classes.names, look.classes.values, ("#000000", "#0000ff", "#d08000"))
    assert {str(one.dash) for one in signatures(changed(look, classes=table))[0]} == {"-"}


@given(st.lists(st.floats(0, 100), min_size=1, max_size=12))
def test_labels_are_pushed_apart_in_their_order(places: list[float]) -> None:
    moved = spread_apart(places, 5)
    order = np.argsort(places, kind="stable")
    assert (np.diff(np.array(moved)[order]) > 4.5).all()


def test_fold_table_counts_and_fair_shares(look: Look) -> None:
    found = fold_table(look)
    assert found.folds == (0, 1, 2)
    rows = dict(zip(found.rows, found.counts.tolist(), strict=True))
    assert rows["samples"] == [2, 2, 2]
    assert rows["places"] == [1, 1, 1]
    assert rows["pixels of kelp"] == [32, 32, 32]
    assert rows["has=True"] == [2, 1, 0]
    assert found.fair[found.rows.index("has=True")] == 1
    shown = str(balance_section(look))
    assert "a=1 | b=2" in shown
    assert "+200%" in shown


def test_samples_outside_the_folds_are_counted_apart(look: Look) -> None:
    frame = look.samples.copy()
    frame.loc[0, "holdout"], frame.loc[0, "fold"] = True, -1
    frame.loc[1, "fold"] = -1
    cards = balance_section(changed(look, samples=frame))["parts"][0]["cards"]
    assert cards == (
        ("4", "samples in folds"), ("1", "put aside"), ("1", "trained on, never held out"),
    )  # fmt: skip
    frame["fold"] = -1
    assert "No sample is in a fold" in str(balance_section(changed(look, samples=frame)))


def test_class_shares_name_folds_on_their_dots(look: Look) -> None:
    assert {"0", "1", "2", "kelp"} <= set(texts(class_shares_figure(look)))


def test_a_set_without_georeference_says_so(look: Look) -> None:
    assert "No sample has a georeference" in str(places_section(look))
    assert layout_figure(look) is None


def test_the_map_keeps_a_true_crs_and_replaces_mercator(placed_look: Look) -> None:
    rows = placed(placed_look)
    frame = frame_for(rows)
    assert frame.crs.to_epsg() == 32636
    x, _ = frame.to_map.transform(33.0, 0.36)
    assert x == pytest.approx(500_000, abs=1)
    mercator = rows.assign(crs="EPSG:3857")
    assert "Lambert" in frame_for(move(mercator, 0, 0)).name
    mercator.geometry = mercator.geometry.translate(0, 50)
    equal = frame_for(mercator)
    assert "Lambert" in equal.name
    box = mercator.to_crs(equal.crs).total_bounds
    assert abs(box[0] + box[2]) < 0.01 * (box[2] - box[0]) + 1


def test_a_map_across_the_antimeridian_is_not_wide(placed_look: Look) -> None:
    rows = placed(placed_look)
    two = pd.concat([move(rows, 180.0 - 32.6, -17), move(rows, -180.0 - 32.5, -17)])
    box = two.to_crs(frame_for(two).crs).total_bounds
    assert box[2] - box[0] < 40_000
    wide = pd.concat([move(rows, -150, 0), move(rows, 0, 30), move(rows, 100, 0)])
    assert frame_for(wide).name == "Equal Earth"


def test_map_names_folds_and_has_scale_and_graticule(placed_look: Look) -> None:
    shown = texts(map_figure(placed_look))
    assert {"fold 0 (2)", "fold 1 (2)", "fold 2 (2)", "N"} <= set(shown)
    assert any(text.endswith((" m", " km")) for text in shown)
    assert any(text.endswith("°E") for text in shown)
    assert {"0", "1", "2"} <= set(shown)
    assert details_figure(placed_look) is None


def test_a_place_in_several_folds_is_marked(placed_look: Look) -> None:
    leaky = placed_look.samples.assign(fold=[0, 1, 0, 1, 2, 2])
    assert "0,1" in texts(map_figure(changed(placed_look, samples=leaky)))


def test_far_clusters_get_maps_of_their_own(placed_look: Look) -> None:
    rows = placed_look.samples
    far = rows.copy()
    far.loc[3:, "geometry"] = move(rows, 9, 9).geometry[3:]
    far.loc[0, "excluded"], far.loc[1, "side"] = "cloud", "test"
    far.loc[2, "holdout"] = True
    look = changed(placed_look, samples=far)
    found = clusters(placed(look))
    assert [(one.letter, len(one.rows)) for one in found] == [("A", 3), ("B", 3)]
    assert {"left out (1)", "test side (1)", "put aside (1)", "A", "B"} <= set(
        texts(map_figure(look))
    )
    figure = details_figure(look)
    assert figure is not None
    assert "A · 3 samples, 2 places" in texts(figure)


def test_limits_hold_the_bounds_at_the_ratio_asked_for() -> None:
    left, bottom, right, top = limits((0, 0, 10, 2), 2.0)
    assert left < 0 < 10 < right
    assert bottom < 0 < 2 < top
    assert (right - left) / (top - bottom) == pytest.approx(2)
    assert limits((5, 5, 5, 5), 1.0)[2] > 5
    assert (degrees_text(-12.5, "EW", 1), degrees_text(0, "NS", 0)) == ("12.5°W", "0°")


@given(st.data())
def test_placing_finds_every_corner_from_true_shifts(data: st.DataObject) -> None:
    n = data.draw(st.integers(2, 8))
    corners = data.draw(
        st.lists(st.tuples(st.integers(-99, 99), st.integers(-99, 99)), min_size=n, max_size=n)
    )
    links = []
    for i in range(1, n):
        j = data.draw(st.integers(0, i - 1))
        row, col = (corners[i][k] - corners[j][k] for k in (0, 1))
        links.append((f"s{j}", f"s{i}", data.draw(st.floats(1, 9)), float(row), float(col)))
    found = place_samples(links)
    first = next(name for name, corner in found.items() if corner == (0.0, 0.0))
    origin = corners[int(first[1:])]
    assert len(found) == n
    for name, (row, col) in found.items():
        at = corners[int(name[1:])]
        assert (row, col) == (at[0] - origin[0], at[1] - origin[1])


def test_strong_links_go_before_weak_ones() -> None:
    found = place_samples([("a", "b", 9, 5, 0), ("b", "c", 8, 5, 0), ("a", "c", 1, 99, 0)])
    assert found == {"a": (0, 0), "b": (5, 0), "c": (10, 0)}


def test_layouts_of_the_largest_groups_by_fold_and_by_date(look: Look) -> None:
    shift = {"method": "image: dem", "score": 9.0, "shift_row": 4.0, "shift_col": 0.0}
    pairs = make_pairs([{"a": f"s{i:02d}", "b": f"s{i + 1:02d}"} | shift for i in range(5)])
    seen = changed(look, pairs=pairs)
    found = layouts(seen, 2)
    assert [(one.group, len(one.corners)) for one in found] == [("g0", 2), ("g1", 2)]
    figure = layout_figure(seen)
    assert figure is not None
    assert "g0 · fold 0\n2 samples, up to 2 deep" in texts(figure)
    dated = look.samples.assign(date=[f"2020-0{i + 1}-01" for i in range(6)])
    assert days_of(dated.set_index("sample"), ["s00", "s01"])["s01"] == 18293
    split = changed(seen, samples=look.samples.assign(fold=[0, 1, 0, 1, 2, 2]))
    figure = layout_figure(split)
    assert figure is not None
    assert "g0 · fold 0, 1\n2 samples, up to 1 at one spot" in texts(figure)
    figure = layout_figure(changed(seen, samples=dated))
    assert figure is not None
    assert "2020-01-01" in texts(figure)
    assert days_of(look.samples.set_index("sample"), ["s00"]) == {}


def test_quality_columns_are_told_once_and_thresholds_come_from_the_recipe(look: Look) -> None:
    frame = look.samples.assign(kelp_pixels_pct=look.samples["class_kelp_pct"])
    columns = quality_columns(changed(look, samples=frame))
    assert columns["class_kelp_pct"] == ("class_kelp_pct", "kelp_pixels_pct")
    assert "qa_corrupted_pixels" not in columns
    assert not set(columns) & {"fold", "weight", "height", "gsd_m"}
    limits = {(limit.column, limit.value, limit.name) for limit in thresholds(look)}
    assert {("sharpness", 1.2, "too dark"), ("qa_corrupted_pixels_pct", 0.3, "too dark")} <= limits
    assert ("qa_corrupted_pixels_pct", 0.4, "high_corrupted") in limits


def test_the_worst_samples_are_named(look: Look) -> None:
    table = next(part for part in quality_section(look)["parts"] if part["kind"] == "table")
    rows = {row[0]: row for row in table["rows"]}
    least = look.samples["sample"][look.samples["sharpness"].idxmin()]
    most = look.samples["sample"][look.samples["qa_corrupted_pixels_pct"].idxmax()]
    assert rows["sharpness"][2].startswith(f"{least} (")
    assert rows["qa corrupted"][2].startswith(f"{most} (")
    assert rows["nodata"][2] == "all alike"
    bare = look.samples[["sample", "side", "label", "excluded", "geometry", "fold"]]
    assert "Nothing was measured" in str(quality_section(changed(look, samples=bare)))
