"""Places and pairs in pictures: laid out where they belong, shared ground registered, files bounded and named."""

from __future__ import annotations

import base64
import dataclasses
import io
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage

from landseer.audit.pairs import make_pairs
from landseer.audit.quality import QualityConfig
from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.errors import DataError
from landseer.raster.write import write_raster
from landseer.report import gallery
from landseer.report.compared import Compared
from landseer.report.config import ReportConfig
from landseer.report.contact import contact_section, spaced
from landseer.report.evidence import (
    checkerboard,
    common_ground,
    difference,
    formula_of,
    is_over_heights,
)
from landseer.report.flaws import FLAWS, flaws_section, ranked_by
from landseer.report.group_sheets import file_name as sheet_name
from landseer.report.group_sheets import fold_text, group_sheet, shrink
from landseer.report.laying import lay_group
from landseer.report.look import Look
from landseer.report.pair_sheets import bridging_pairs, draw_pair, weakest_pairs
from landseer.report.pairs_section import pairs_section, squared
from landseer.report.show import show
from landseer.report.thumbs import thumbs_of
from landseer.samples.table import make_samples

BANDS = (
    Band("blue", 1, ("B",), nodata=-9),
    Band("green", 2, ("G",), nodata=-9),
    Band("red", 3, ("R",), nodata=-9),
    Band("dem", 4, ("DEM",), kind="elevation", nodata=-9),
)
CLASSES = ClassTable(("land", "water"), (0, 1))
SIDE = 40
PLACES = {"a": (0, 0), "b": (10, 15), "c": (-5, 20), "d": (0, 0), "e": (0, 0)}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Look:
    """Three samples of one place, one that is excluded and unreadable, one alone."""
    root = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(5)
    land = ndimage.gaussian_filter(rng.normal(0, 900, (4, 90, 90)), (0, 2, 2)) + 300
    records = []
    for n, (name, (row, col)) in enumerate(PLACES.items()):
        window = land[:, 20 + row : 20 + row + SIDE, 20 + col : 20 + col + SIDE]
        image = rng.normal(300, 90, (4, SIDE, SIDE)) if name == "e" else window
        write_raster(root / f"{name}.tif", np.maximum(image, 1).astype(np.int16))
        write_raster(root / f"{name}_l.tif", (image[:1] > 320).astype(np.uint8))
        records.append(
            {
                "sample": name, "side": "train", "image": str(root / f"{name}.tif"),
                "label": str(root / f"{name}_l.tif"), "height": SIDE, "width": SIDE, "gsd_m": 10.0,
                "fold": -1 if name == "d" else n % 2, "group": "a" if name in "abc" else name,
                "excluded": "cannot be read" if name == "d" else None,
                "nodata_pct": 0.1 * n, "sharpness": 1.0 / (n + 1), "class_land_pct": 0.5, "class_water_pct": 0.1 * n,
            }
        )  # fmt: skip
    Path(records[3]["image"]).write_bytes(b"broken")
    values = {
        "name": "made up", "folder": root, "config": ReportConfig(pictures=3), "quality": QualityConfig(), "seed": 1,
        "samples": make_samples(records), "bands": BANDS, "classes": CLASSES, "statistics": {}, "pairs": _pairs(),
        "proof": {}, "pixels": SimpleNamespace(channels=("blue",)),
        "findings": pd.DataFrame(
            [["b", "odd & <b>", "3 px", "kept"], ["d", "cannot be read", "0 bytes", "excluded"]],
            columns=["sample", "what", "figure", "action"],
        ),
    }  # fmt: skip
    values |= {"references": ()}
    return Look(**{field.name: values.get(field.name) for field in dataclasses.fields(Look)})


def _pairs(wrong: bool = False) -> pd.DataFrame:
    rows = [("a", "b", 20.0, 10, 15), ("b", "c", 12.0, -15, 5), ("a", "c", 9.0, -5, 20)]
    return make_pairs(
        [
            {"a": a, "b": b, "method": "image: dem", "score": s, "shift_row": r + 50 * wrong * (s == 9), "shift_col": c,
             "overlap": 0.4, "agreement": 0.9}
            for a, b, s, r, c in rows
        ]
    )  # fmt: skip


def test_groups_lie_as_the_shifts_say(seen):
    members = seen.samples[seen.samples["group"] == "a"]
    layout = lay_group(members, seen.pairs)
    assert layout.by == "pairs" and layout.places == {"a": (5, 0), "b": (15, 15), "c": (0, 20)}
    assert (layout.height, layout.width, layout.loose) == (55, 60, ())
    assert layout.weakest.score == 12.0 and layout.n_against == 0
    assert lay_group(members, _pairs(wrong=True)).n_against == 1


def test_without_shifts_nothing_is_laid_out_and_duplicates_lie_on_each_other(seen):
    members = seen.samples[seen.samples["sample"].isin(["a", "b"])]
    site = make_pairs([{"a": "a", "b": "b", "method": "site", "score": np.inf}])
    assert lay_group(members, site).by == "" and lay_group(members, site).loose == ("a", "b")
    same = make_pairs([{"a": "a", "b": "b", "method": "duplicate", "score": np.inf}])
    assert lay_group(members, same).places == {"a": (0, 0), "b": (0, 0)}


def test_georeference_lays_out_better_than_shifts(seen):
    members = seen.samples[seen.samples["group"] == "a"].copy()
    members["crs"] = "EPSG:32633"
    members["transform"] = [
        [10.0, 0.0, 500.0 + 10 * c, 0.0, -10.0, 900.0 - 10 * r]
        for r, c in ((0, 0), (7, 3), (-2, 9))
    ]
    layout = lay_group(members, _pairs(wrong=True))
    assert layout.by == "georeference"
    assert layout.places == {"a": (2, 0), "b": (9, 3), "c": (0, 9)}
    members["transform"] = [[10.0 * (i + 1), 0.0, 0.0, 0.0, -10.0, 0.0] for i in range(3)]
    assert lay_group(members, _pairs()).by == "pairs"


@given(st.integers(-12, 12), st.integers(-12, 12), st.integers(1, 9), st.integers(1, 9))
def test_shared_ground_is_what_both_see(row, col, height, width):
    a, b = np.indices((8, 10)).transpose(1, 2, 0), np.indices((height, width)).transpose(1, 2, 0)
    common = common_ground((8, 10), (height, width), (row, col))
    seen_by_both = {tuple(p) for p in (b + np.array([row, col])).reshape(-1, 2)} & {
        tuple(p) for p in a.reshape(-1, 2)
    }
    if common is None:
        assert not seen_by_both
    else:
        assert {tuple(p) for p in a[common.a].reshape(-1, 2)} == seen_by_both
        assert (a[common.a] == b[common.b] + np.array([row, col])).all()


def test_differences_do_not_see_level_and_scale():
    rng = np.random.default_rng(0)
    one = rng.normal(50, 9, (20, 20)).astype(np.float32)
    assert np.abs(difference(one, 3 * one + 7)).max() < 1e-3
    assert np.abs(difference(one, rng.normal(50, 9, (20, 20)).astype(np.float32))).mean() > 0.5
    one[3, 3] = np.nan
    assert np.isnan(difference(one, one)[3, 3]) and np.isnan(difference(one, one)).sum() == 1
    assert (difference(np.ones((4, 4), np.float32), np.ones((4, 4), np.float32)) == 0).all()


def test_checkerboards_take_half_of_each():
    board = checkerboard(np.zeros((64, 64, 3), np.float32), np.ones((64, 64, 3), np.float32))
    assert board.mean() == 0.5 and board[0, 0, 0] == 0 and board[0, 8, 0] == 1


def test_what_was_compared_is_read_from_the_pairs():
    methods = pd.Series(["site", "image: nir", "image: dem", "image: dem"])
    assert formula_of(methods) == "dem" and formula_of(methods[:1]) is None
    assert is_over_heights("where(isnan(dem), 0, dem)", BANDS) and not is_over_heights(
        "red + dem", BANDS
    )


def test_pairs_are_registered(seen):
    rows = {row["sample"]: row for row in seen.samples.to_dict("records")}
    right = [draw_pair(pair, rows, Compared(BANDS)) for pair in seen.pairs.to_dict("records")]
    assert all(np.abs(one.colours_a - one.colours_b).mean() < 0.02 for one in right)
    assert right[0].colours_a.shape == (30, 25, 3)
    assert (
        dict(right[0].facts)["shift"] == "+10, +15 px" and dict(right[0].facts)["fold"] == "0 | 1"
    )
    wrong = seen.pairs.to_dict("records")[0] | {"shift_row": 2.0, "shift_col": -3.0}
    assert (
        np.abs(draw_pair(wrong, rows, Compared(BANDS)).differs - right[0].differs[:1, :1]).mean()
        > 0.05
    )
    assert draw_pair(wrong | {"shift_row": 99.0}, rows, Compared(BANDS)) is None


def test_bridges_hold_groups_together(seen):
    assert weakest_pairs(seen.pairs, 2)["score"].tolist() == [9.0, 12.0]
    assert bridging_pairs(seen.samples, seen.pairs, 5)["score"].tolist() == [12.0]
    assert bridging_pairs(seen.samples, seen.pairs.head(0), 5).empty


def test_a_group_is_drawn_with_three_mosaics(seen):
    members = seen.samples[seen.samples["group"] == "a"]
    drawn = group_sheet("a", members, seen.pairs, Compared(BANDS))
    assert [title for title, _ in drawn.mosaics] == [
        "in colours, each sample framed", "compared: dem", "disagreement, as a share of that range",
    ]  # fmt: skip
    facts = dict(drawn.facts)
    assert facts["samples"] == "3" and facts["fold"] == "0, 1" and facts["overlap"] == "0.40–0.40"
    bare = group_sheet("a", members, seen.pairs.head(0), Compared(BANDS))
    assert len(bare.mosaics) == 1 and bare.sheet.height < drawn.sheet.height


@given(st.lists(st.text(min_size=1, max_size=12), max_size=8))
def test_file_names_are_plain_and_unlike(names):
    taken: set[str] = set()
    files = [sheet_name(name, taken) for name in names]
    assert len({file.lower() for file in files}) == len(files) and "index" not in files
    assert all("/" not in file and not file.startswith(".") for file in files)


def test_the_gallery_is_bounded_and_leaves_nothing_stale(seen, tmp_path):
    (tmp_path / "groups").mkdir()
    (tmp_path / "groups" / "old.png").write_bytes(b"")
    written = gallery.write_gallery(seen, tmp_path)
    assert written == [
        "groups/a.png",
        "groups/index.html",
        "pairs/weakest.png",
        "pairs/bridges.png",
    ]
    assert {path.name for path in (tmp_path / "groups").iterdir()} == {"a.png", "index.html"}
    for name in written:
        assert name.endswith("html") or (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "groups/index.html").read_text()
    assert (
        'href="a.png"' in page
        and 'href="../pairs/bridges.png"' in page
        and "are left out" not in page
    )
    none = dataclasses.replace(seen, config=ReportConfig(group_sheets=0, pair_sheets=0))
    assert gallery.write_gallery(none, tmp_path) == ["groups/index.html"]
    assert "1 are left out" in (tmp_path / "groups/index.html").read_text()
    assert not (tmp_path / "groups/a.png").exists() and not list((tmp_path / "pairs").glob("*.png"))


def test_contact_sheets_by_fold_and_class(seen):
    by_fold, by_class = contact_section(seen)["parts"]
    assert [strip.name for strip in by_fold["strips"]] == ["fold 0", "fold 1"]
    assert dict(by_fold["strips"][0].facts)["samples"] == "3"
    assert (
        by_fold["strips"][0].tiles[0].bar is not None and by_fold["strips"][1].tiles[0].bar is None
    )
    water = by_class["strips"][1]
    assert [tile.caption for tile in water.tiles] == ["e · 40.0%", "c · 20.0%", "b · 10.0%"]
    assert water.tiles[0].over and by_class["captioned"]
    assert spaced(list("abcdefg"), 3) == ["a", "d", "g"] and spaced([], 3) == []


def test_flaws_worst_first(seen):
    nodata, sharpness = (
        next(f for f in FLAWS if f.column == c) for c in ("nodata_pct", "sharpness")
    )
    assert list(ranked_by(seen.samples, nodata).index) == ["e", "d", "c", "b"]
    assert list(ranked_by(seen.samples, sharpness).index) == ["e", "d", "c", "b", "a"]
    figure, finding, out = flaws_section(seen)["parts"]
    assert [strip.name for strip in figure["strips"]] == ["missing pixels", "blurred: least sharp"]
    assert figure["strips"][0].tiles[0].caption == "e · 40.0%"
    assert figure["strips"][0].tiles[1].caption == "d · 30.0%: cannot be read"
    assert (
        finding["strips"][0].name == "odd & <b>"
        and finding["strips"][0].tiles[0].caption == "b · 3 px"
    )
    assert out["strips"][0].name == "cannot be read"
    assert out["strips"][0].tiles[0].caption == "d · 0 bytes: cannot be read"


def test_the_page_shows_the_weakest_pairs(seen):
    cards, note, sheet = pairs_section(seen)["parts"]
    assert dict((what, figure) for figure, what in cards["cards"])["seen more than once"] == "1"
    assert "groups/index.html" in note["text"]
    assert [dict(strip.facts)["score"] for strip in sheet["strips"]] == ["9.0", "12.0", "20.0"]
    first = sheet["strips"][0].tiles[0]
    assert first.uri == first.over and first.over.startswith("data:image/jpeg")
    assert squared(np.zeros((4, 9, 3), np.float32)).shape == (9, 9, 3)


def test_small_helpers():
    layer = np.array([[1, 3, np.nan, np.nan], [1, 3, np.nan, np.nan]], np.float32)
    assert shrink(layer, 2)[0, 0] == 2 and np.isnan(shrink(layer, 2)[0, 1])
    assert [fold_text({"side": s, "fold": f}) for s, f in (("test", 1), ("train", 1), ("train", -1))] == [
        "test", "1", "no fold",
    ]  # fmt: skip


def test_a_sample_of_a_run_is_shown_by_its_name(seen):
    assert show(seen, "a", "true", side_px=80).label == "sample a: true"
    with pytest.raises(DataError, match="zz"):
        show(seen, "zz")


def test_open_water_does_not_become_coloured_noise(seen, tmp_path):
    rng = np.random.default_rng(0)
    write_raster(
        tmp_path / "flat.tif", (300 + rng.integers(0, 4, (4, SIDE, SIDE))).astype(np.int16)
    )
    samples = seen.samples.copy()
    samples.loc[samples["sample"] == "e", "image"] = str(tmp_path / "flat.tif")
    thumb = thumbs_of(dataclasses.replace(seen, samples=samples))
    shown = Image.open(io.BytesIO(base64.b64decode(thumb("e", "").uri.partition(",")[2])))
    busy = Image.open(io.BytesIO(base64.b64decode(thumb("a", "").uri.partition(",")[2])))
    assert np.asarray(shown).std() < 0.5 * np.asarray(busy).std()
