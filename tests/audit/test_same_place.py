from pathlib import Path

import numpy as np
import pytest
from shapely import box

from landseer.audit.layers import choose_layers, read_layers
from landseer.audit.pairs import PAIR_COLUMNS
from landseer.audit.same_place import add_groups, same_place
from landseer.audit.settings import SamePlaceConfig
from landseer.core.bands import Band
from landseer.errors import BandError, StageError
from landseer.raster.write import write_raster
from landseer.samples.table import make_samples

BANDS = (
    Band("nir", 1, ("N",), nodata=-32768),
    Band("qa", 2, ("QA",), kind="quality"),
    Band("dem", 3, ("DEM",), kind="elevation", nodata=-32768),
)


def image_file(path, dem, *, nir=None, qa=None, seed=0):
    rng = np.random.default_rng(seed)
    nir = rng.integers(6000, 13000, dem.shape) if nir is None else nir
    qa = np.zeros(dem.shape) if qa is None else qa
    write_raster(path, np.stack([nir, qa, np.where(np.isnan(dem), -32768, dem)]).astype(np.int16))
    return str(path)


def record(name, image, size=120, **more):
    return {"sample": name, "side": "train", "image": image, "height": size, "width": size} | more


@pytest.fixture(scope="module")
def coast(tmp_path_factory, make_world):
    """A chain a-b-c whose ends share nothing, an exact copy of a, a distant coast, and two tiles of open sea."""
    folder = tmp_path_factory.mktemp("coast")
    ground = make_world(1, seed=4, side=1024, slope=2.8, sea=0.2).height
    windows = {"a": (0, 0), "b": (60, 50), "c": (125, 120), "far": (700, 700)}
    paths = {
        name: image_file(folder / f"{name}.tif", ground[r : r + 120, c : c + 120], seed=k)
        for k, (name, (r, c)) in enumerate(windows.items())
    }
    paths["copy"] = image_file(folder / "copy.tif", ground[:120, :120], seed=0)
    for k, name in enumerate(("sea1", "sea2")):
        paths[name] = image_file(folder / f"{name}.tif", np.full((120, 120), np.nan), seed=10 + k)
    return paths


def test_a_chain_of_overlaps_is_one_group_although_its_ends_share_nothing(coast):
    frame = make_samples([record(name, path) for name, path in coast.items()])
    found = same_place(frame, BANDS, workers=1)
    assert found.groups == {
        "a": "a", "b": "a", "c": "a", "copy": "a", "far": "far", "sea1": "sea1", "sea2": "sea2",
    }  # fmt: skip
    assert tuple(found.pairs.columns) == PAIR_COLUMNS
    by_pair = found.pairs[found.pairs["method"] != "duplicate"].set_index(["a", "b"])
    assert ("a", "c") not in by_pair.index
    assert by_pair.loc[("a", "b"), "method"] == "same pixels: where(isnan(dem), 0, dem)"
    assert by_pair.loc[("a", "b"), ["shift_row", "shift_col"]].tolist() == [60, 50]
    assert by_pair.loc[("a", "b"), "overlap"] == pytest.approx(60 * 70 / 120**2)
    whats = [finding.what for finding in found.findings]
    assert "the same pixels as another image" in whats
    assert any(f.figure.startswith("2 of 7") for f in found.findings if "no detail" in f.what)


def test_a_narrow_strip_is_a_pair_but_links_no_group(tmp_path, make_world):
    ground = make_world(1, seed=4, side=1024, slope=2.8, sea=0.2).height[600:, 600:]
    frame = make_samples(
        [
            record(name, image_file(tmp_path / f"{name}.tif", ground[:120, c : c + 120], seed=c))
            for name, c in (("a", 0), ("b", 110))
        ]
    )
    found = same_place(frame, BANDS, workers=1)
    (pair,) = found.pairs.to_dict("records")
    assert pair["method"].startswith("same pixels")
    assert (pair["shift_row"], pair["shift_col"]) == (0, 110)
    assert pair["overlap"] == pytest.approx(10 / 120)
    assert found.groups == {"a": "a", "b": "b"}
    linked = same_place(frame, BANDS, SamePlaceConfig(link_overlap=0.05), workers=1)
    assert linked.groups == {"a": "a", "b": "a"}


def test_order_of_rows_and_workers_change_nothing(coast):
    frame = make_samples([record(name, path) for name, path in coast.items()])
    one = same_place(frame, BANDS, workers=1)
    two = same_place(frame.iloc[::-1], BANDS, workers=3)
    assert one.groups == two.groups
    assert one.pairs.equals(two.pairs)


def test_excluded_rows_are_not_read_and_test_rows_are(coast):
    frame = make_samples(
        [
            record("a", coast["a"], side="test"),
            record("b", coast["b"]),
            record("broken", "/nowhere.tif", excluded="unreadable"),
        ]
    )
    assert same_place(frame, BANDS, workers=1).groups == {"a": "a", "b": "a", "broken": "broken"}


def test_a_site_given_by_the_data_groups_unless_it_is_a_region(coast):
    frame = make_samples(
        [
            record("far", coast["far"], site="x"),
            record("a", coast["a"], site="x"),
            record("c", coast["c"]),
        ]
    )
    found = same_place(frame, BANDS, SamePlaceConfig(method="none"), workers=1)
    assert found.groups == {"far": "a", "a": "a", "c": "c"}
    assert found.pairs["method"].tolist() == ["site"]
    region = SamePlaceConfig(method="none", sites_are_places=False)
    found = same_place(frame, BANDS, region, workers=1)
    assert found.groups == {"far": "far", "a": "a", "c": "c"}


def test_footprints_group_without_reading_a_file():
    places = {"a": (0.0, 0.0), "b": (0.05, 0.0), "c": (0.12, 0.0), "d": (0.1, 0.0), "e": (5.0, 5.0)}
    frame = make_samples(
        [
            record(n, f"/no/{n}.tif", geometry=box(x, y, x + 0.08, y + 0.1))
            for n, (x, y) in places.items()
        ]
    )
    found = same_place(frame, BANDS, workers=1)
    assert found.groups == {"a": "a", "b": "a", "c": "a", "d": "a", "e": "e"}
    assert (found.pairs["overlap_m2"] > 1e6).all()
    assert found.pairs["method"].unique().tolist() == ["footprint"]


def test_rows_without_footprint_are_matched_by_image_beside_those_that_have_one(coast):
    records = [
        record("a", coast["a"]),
        record("b", coast["b"]),
        record("p", "/no/p.tif", geometry=box(0, 0, 1, 1)),
        record("q", "/no/q.tif", geometry=box(0.5, 0, 1.5, 1)),
    ]
    assert same_place(make_samples(records), BANDS, workers=1).groups == {
        "a": "a",
        "b": "a",
        "p": "p",
        "q": "p",
    }
    with pytest.raises(StageError, match="2 of 4 have none"):
        same_place(make_samples(records), BANDS, SamePlaceConfig(method="footprint"))


def test_clouds_can_be_kept_out_by_a_formula(tmp_path, fractal):
    rng = np.random.default_rng(0)
    ground = (500 * fractal(512, 2.4, rng) + 3000).astype(np.int16)
    flat, records = np.zeros((160, 160)), []
    for name, (r, c) in {"a": (0, 0), "b": (70, 30), "z": (300, 300)}.items():
        cloud = fractal(256, 2.2, rng)[:160, :160] > 0.6
        nir = np.where(cloud, 9000, ground[r : r + 160, c : c + 160])
        records.append(
            record(name, image_file(tmp_path / f"{name}.tif", flat, nir=nir, qa=cloud), 160)
        )
    frame = make_samples(records)
    seen = same_place(frame, BANDS, SamePlaceConfig(layers=("nir",), working_px=160), workers=1)
    assert len(set(seen.groups.values())) == 3
    masked = SamePlaceConfig(layers=("nir",), valid="qa == 0", working_px=160)
    assert same_place(frame, BANDS, masked, workers=1).groups == {"a": "a", "b": "a", "z": "z"}


def test_a_giant_group_is_explained(tmp_path, fractal):
    ground = 300 * fractal(256, 2.6, np.random.default_rng(0))
    records = [
        record(
            f"s{k:02d}",
            image_file(tmp_path / f"{k}.tif", ground[4 * k : 4 * k + 120, :120], seed=k),
        )
        for k in range(12)
    ]
    found = same_place(make_samples(records), BANDS, workers=2)
    (giant,) = [finding for finding in found.findings if "giant" in finding.what]
    assert giant.sample == "s00"
    assert "12 of 12 samples by 66 pairs, 44 x 0 px, held by" in giant.figure
    assert found.summary["n_samples"].tolist() == [12]
    assert found.summary["contradictions"].tolist() == [0]


def test_flags_hide_what_is_seen_and_leave_heights_alone(tmp_path):
    path = Path(image_file(tmp_path / "a.tif", np.ones((8, 8)), qa=np.ones((8, 8))))
    layers = ("dem", "nir", "dem + nir")
    (flags,) = read_layers([path], BANDS, layers, valid="qa == 0", factor=1, workers=1)
    assert [bool(np.isfinite(layer).all()) for layer in flags.layers] == [True, False, False]
    (low,) = read_layers([path], BANDS, layers, valid="dem > 5", factor=1, workers=1)
    assert not any(np.isfinite(layer).any() for layer in low.layers)


def test_a_layer_without_height_finds_what_the_height_model_lacks(tmp_path, fractal):
    """One tile's elevation is missing altogether; near infrared joins it, and a far tile stays alone."""
    rng = np.random.default_rng(1)
    height, ground = 300 * fractal(512, 3.0, rng), 3000 + 500 * fractal(512, 2.4, rng)
    records = []
    for name, (r, c) in {"a": (0, 0), "b": (50, 40), "far": (300, 300)}.items():
        dem = np.full((160, 160), np.nan) if name == "b" else height[r : r + 160, c : c + 160]
        nir = ground[r : r + 160, c : c + 160]
        records.append(record(name, image_file(tmp_path / f"{name}.tif", dem, nir=nir), 160))
    found = same_place(make_samples(records), BANDS, workers=1)
    assert found.groups == {"a": "a", "b": "a", "far": "far"}
    assert any(f.figure.startswith("1 of 3") for f in found.findings if "no detail" in f.what)


def test_above_the_limit_landmarks_propose_and_it_is_said(coast):
    frame = make_samples([record(name, path) for name, path in coast.items()])
    found = same_place(frame, BANDS, SamePlaceConfig(exhaustive_up_to=0), workers=1)
    assert found.groups["b"] == "a" and found.groups["far"] == "far"
    assert any("not every pair was compared" in finding.what for finding in found.findings)


def test_the_embedding_method_needs_a_network_and_lists_only_what_it_groups(coast):
    frame = make_samples([record(name, path) for name, path in coast.items()])
    config = SamePlaceConfig(method="embedding")
    with pytest.raises(StageError, match="expected a network"):
        same_place(frame, BANDS, config)
    found = same_place(frame, BANDS, config, embed=lambda some: np.ones((len(some), 3), np.float32))
    assert set(found.groups.values()) == {"a"}
    assert len(found.pairs) == 21


def test_layers_are_chosen_by_what_hardly_changes():
    red = Band("red", 1, ("R",))
    assert choose_layers(BANDS) == ("where(isnan(dem), 0, dem)", "nir")
    assert choose_layers(BANDS[1:]) == ("where(isnan(dem), 0, dem)",)
    assert choose_layers(BANDS[:2]) == ("nir",)
    assert choose_layers((red, Band("green", 2, ("G",)))) == ("(red + green) / 2",)
    with pytest.raises(BandError, match="elevation or reflectance"):
        choose_layers(BANDS[1:2])


def test_groups_are_added_to_the_table_and_none_may_be_missing():
    frame = make_samples([record("a", "/a.tif"), record("b", "/b.tif")])
    assert add_groups(frame, {"a": "a", "b": "a"})["group"].tolist() == ["a", "a"]
    with pytest.raises(StageError, match="1 have none, the first is b"):
        add_groups(frame, {"a": "a"})


def test_an_empty_table_has_no_pairs():
    found = same_place(make_samples([]), BANDS)
    assert found.groups == {} and len(found.pairs) == 0


@pytest.mark.real
@pytest.mark.slow
def test_real_chips_are_grouped_alike_by_two_height_models_and_by_reflectance(real_data):
    files = sorted((real_data / "hls_water_12band" / "images").glob("*.tif"))
    frame = make_samples([record(file.stem, str(file), 128) for file in files])
    bands = (
        Band("nir", 5, ("N",)),
        Band("merit", 9, kind="elevation", nodata=-9999),
        Band("copernicus", 10, kind="elevation"),
    )
    found = {
        layer: same_place(frame, bands, SamePlaceConfig(layers=(layer,)))
        for layer in ("where(isnan(merit), 0, merit)", "copernicus", "nir")
    }
    broad = [one.pairs[~(one.pairs["overlap"] < 0.1)] for one in found.values()]
    merit, copernicus, nir = (set(zip(one["a"], one["b"], strict=True)) for one in broad)
    assert len(merit & copernicus) >= 0.99 * len(merit | copernicus)
    assert len(nir & (merit | copernicus)) >= 0.98 * len(nir)
    contradictions = [f for one in found.values() for f in one.findings if "contradicts" in f.what]
    assert (
        len(contradictions) <= 1
    )  # near infrared alone may place one pair wrongly, and it is told
    for one in found.values():
        assert 55 <= len(set(one.groups.values())) <= 65
