"""The sample table survives its file, and refuses what is no sample table."""

import errno

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from landseer.core.references import Reference
from landseer.errors import DataError, FileReadError, WriteError
from landseer.samples.labelled import is_labelled
from landseer.samples.schema import COLUMNS, check_schema, normalise_columns
from landseer.samples.table import empty_frame, make_samples, read_samples, usable, write_samples


def record(name, **values):
    return {
        "sample": name,
        "side": "train",
        "image": f"/data/{name}.tif",
        "height": 4,
        "width": 5,
    } | values


def two():
    return make_samples(
        [
            record("b", label="/data/b.png", excluded="label is missing"),
            record(
                "a", side="test", crs="EPSG:32617", transform=[10, 0, 5, 0, -10, 6], gsd_m=10.0, site="x",
                date="2020-01-01", geometry=shapely.box(0, 0, 1, 1),
            ),
        ]
    )  # fmt: skip


def test_rows_are_sorted_and_absent_values_are_none():
    frame = two()
    assert frame["sample"].tolist() == ["a", "b"]
    assert frame.index.tolist() == [0, 1]
    assert list(frame.columns) == list(COLUMNS)
    assert frame.crs == "EPSG:4326"
    bare = frame.loc[1]
    assert [bare[name] for name in ("crs", "transform", "site", "date", "geometry")] == [None] * 5
    assert np.isnan(bare["gsd_m"])
    assert frame.at[0, "transform"] == [10.0, 0.0, 5.0, 0.0, -10.0, 6.0]
    assert frame.dtypes[["height", "width", "gsd_m"]].astype(str).tolist() == [
        "int64",
        "int64",
        "float64",
    ]


@pytest.mark.parametrize("make", [two, empty_frame, lambda: make_samples([record("only")])])
def test_file_gives_back_the_table(tmp_path, make):
    frame = make()
    write_samples(tmp_path / "samples.parquet", frame)
    got = read_samples(tmp_path / "samples.parquet")
    assert_frame_equal(pd.DataFrame(got), pd.DataFrame(frame))
    assert got.crs == frame.crs


def test_columns_of_later_stages_survive(tmp_path):
    frame = two().assign(
        group=["g1", "g2"], fold=[0, -1], weight=[0.5, 1.0], has_kelp=[True, False], holdout=False
    )
    write_samples(tmp_path / "samples.parquet", frame)
    got = read_samples(tmp_path / "samples.parquet")
    assert got["fold"].tolist() == [0, -1]
    assert got["group"].tolist() == ["g1", "g2"]
    assert got["has_kelp"].dtype == bool
    assert_frame_equal(pd.DataFrame(got), pd.DataFrame(frame), check_dtype=False)


def test_texts_are_texts_in_the_file_even_when_all_are_missing(tmp_path):
    write_samples(tmp_path / "samples.parquet", make_samples([record("a")]))
    types = pd.read_parquet(
        tmp_path / "samples.parquet", columns=["excluded", "site", "crs"]
    ).dtypes
    assert {str(kind) for kind in types} == {"str"}


def test_assignments_of_pandas_strings_are_brought_back_to_none(tmp_path):
    frame = two()
    frame["excluded"] = pd.Series([None, "bad"], dtype="str")
    write_samples(tmp_path / "samples.parquet", frame)
    got = read_samples(tmp_path / "samples.parquet")
    assert got["excluded"].tolist() == [None, "bad"]
    assert usable(frame, None)["sample"].tolist() == ["a"]


names = st.lists(st.text("abcXYZ019_-", min_size=1, max_size=6), unique=True, max_size=8)


@settings(max_examples=15, deadline=None)
@given(names=names, data=st.data())
def test_any_names_survive_sorted(tmp_path_factory, names, data):
    gsd = data.draw(st.lists(st.floats(0.01, 1e4), min_size=len(names), max_size=len(names)))
    frame = make_samples(
        [record(name, gsd_m=value) for name, value in zip(names, gsd, strict=True)]
    )
    path = tmp_path_factory.mktemp("table") / "samples.parquet"
    write_samples(path, frame)
    got = read_samples(path)
    assert got["sample"].tolist() == sorted(names)
    assert dict(zip(got["sample"], got["gsd_m"], strict=True)) == dict(zip(names, gsd, strict=True))


def test_usable_leaves_out_the_excluded_and_the_other_side():
    frame = make_samples(
        [record("a"), record("b", excluded="why"), record("c", side="test"), record("d")]
    )
    assert usable(frame)["sample"].tolist() == ["a", "d"]
    assert usable(frame).index.tolist() == [0, 3]
    assert usable(frame, "test")["sample"].tolist() == ["c"]
    assert usable(frame, None)["sample"].tolist() == ["a", "c", "d"]
    assert len(usable(empty_frame())) == 0


def test_duplicate_names_name_both_files():
    with pytest.raises(
        DataError, match=r"one image per sample name; got 1 names with several \(a\)"
    ) as caught:
        make_samples([record("a"), record("b"), record("a", image="/test/a.tif")])
    assert "a: /data/a.tif and /test/a.tif" in str(caught.value)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"side": "val"}, r"side is val \(expected train or test\)"),
        ({"image": None}, "image is empty in 1 rows"),
        ({"height": None}, "height and width for every sample"),
        ({"transform": [1.0, 2.0]}, "a transform has not six numbers"),
    ],
)
def test_wrong_records_are_refused(values, message):
    with pytest.raises(DataError, match=message):
        make_samples([record("a", **values)])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda frame: frame.drop(columns=["site", "crs"]), "no column crs, site"),
        (lambda frame: frame.iloc[::-1], "not sorted by sample"),
        (lambda frame: frame.assign(sample="a"), "sample names repeat: a"),
        (
            lambda frame: frame.set_crs("EPSG:3857", allow_override=True),
            "footprints are not in EPSG:4326",
        ),
        (lambda frame: pd.DataFrame(frame), "footprints are not in EPSG:4326"),
    ],
)
def test_frames_that_are_no_sample_tables_are_not_written(tmp_path, spoil, message):
    with pytest.raises(DataError, match=message):
        write_samples(tmp_path / "samples.parquet", spoil(two()))
    assert not list(tmp_path.iterdir())


def test_missing_foreign_and_damaged_files(tmp_path):
    with pytest.raises(FileReadError, match="there is no such file"):
        read_samples(tmp_path / "samples.parquet")
    (tmp_path / "text.parquet").write_text("no table")
    with pytest.raises(FileReadError, match=r"expected a sample table \(GeoParquet\)"):
        read_samples(tmp_path / "text.parquet")
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "plain.parquet")
    with pytest.raises(FileReadError, match="expected a sample table"):
        read_samples(tmp_path / "plain.parquet")
    gpd.GeoDataFrame({"a": [1]}, geometry=[None], crs="EPSG:4326").to_parquet(
        tmp_path / "geo.parquet"
    )
    with pytest.raises(DataError, match="no column sample") as caught:
        read_samples(tmp_path / "geo.parquet")
    assert caught.value.where == str(tmp_path / "geo.parquet")


def test_full_disk(tmp_path, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(gpd.GeoDataFrame, "to_parquet", full)
    with pytest.raises(WriteError, match="No space left on device"):
        write_samples(tmp_path / "samples.parquet", two())
    assert not list(tmp_path.iterdir())


def test_normalise_leaves_its_argument_alone():
    frame = two()
    frame["excluded"] = pd.Series([None, "bad"], dtype="str")
    normalise_columns(frame)
    assert str(frame["excluded"].dtype) == "str"
    check_schema(frame)


def test_references_are_paths_or_numbers(tmp_path):
    frame = make_samples(
        [
            record("a", ref_agl="/data/a_agl.tif", ref_scale=1.5, ref_none=None),
            record("b", ref_scale=None, ref_agl_min=np.float32(2)),
        ]
    )
    assert frame["ref_agl"].tolist() == ["/data/a_agl.tif", None]
    assert frame["ref_scale"].dtype == np.float64
    write_samples(tmp_path / "samples.parquet", frame)
    types = pd.read_parquet(tmp_path / "samples.parquet").dtypes
    assert [str(types[name]) for name in ("ref_agl", "ref_none", "ref_scale")] == [
        "str", "str", "float64",
    ]  # fmt: skip
    got = read_samples(tmp_path / "samples.parquet")
    assert_frame_equal(pd.DataFrame(got), pd.DataFrame(frame))


def test_a_reference_that_is_here_a_path_and_there_a_number_is_refused():
    with pytest.raises(DataError, match="ref_agl holds both paths and numbers"):
        make_samples([record("a", ref_agl="/data/a.tif"), record("b", ref_agl=1.5)])


def test_rows_with_something_known():
    agl, scale, other = Reference("agl"), Reference("scale", "number"), Reference("other")
    frame = make_samples(
        [
            record("a", label="/a.png"), record("b", ref_agl="/b.tif"),
            record("c", ref_scale=1.0), record("d"),
        ]
    )  # fmt: skip
    assert is_labelled(frame).tolist() == [True, False, False, False]
    assert is_labelled(frame, [agl, other]).tolist() == [True, True, False, False]
    assert is_labelled(frame, [agl, scale]).tolist() == [True, True, True, False]
    assert is_labelled(empty_frame(), [agl]).tolist() == []
