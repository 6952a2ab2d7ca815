"""The data set on disk: layout, formats, hashes, truth kept apart, equal bytes however it is made."""

from __future__ import annotations

import csv
import hashlib
import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from landseer.errors import WriteError
from landseer.raster.read import read_bands, read_info
from landseer.synth import SYNTHS, KelpSynthConfig, Summary, kelp, make_kelp
from landseer.synth.truth import TileTruth, read_truth

Made = tuple[Path, Summary]


def hashes(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def metadata(root: Path) -> list[dict[str, str]]:
    (path,) = root.glob("metadata_*.csv")
    assert re.fullmatch(r"metadata_[A-Za-z0-9]{7}\.csv", path.name)
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def truth_rows(root: Path) -> list[TileTruth]:
    return read_truth(root / "truth/truth.csv")


def image(root: Path, row: TileTruth) -> NDArray[np.generic]:
    return read_bands(root / f"{row.side}_satellite" / f"{row.tile_id}_satellite.tif")


def mask(root: Path, row: TileTruth) -> NDArray[np.generic]:
    return read_bands(root / "truth" / f"{row.side}_kelp" / f"{row.tile_id}_kelp.tif")[0]


def test_the_family_lists_kelp() -> None:
    assert SYNTHS["kelp"] is make_kelp


def test_summary_agrees_with_the_files(made: Made, small: KelpSynthConfig) -> None:
    root, summary = made
    rows = truth_rows(root)
    assert (summary.n_train, summary.n_test, summary.made) == (small.train, small.test, True)
    share = np.mean([mask(root, row).mean() for row in rows])
    assert summary.kelp_share == pytest.approx(share)
    assert summary.qa_share == pytest.approx(
        np.mean([image(root, row)[5].mean() for row in rows]), abs=1e-5
    )


def test_images_have_the_real_format(made: Made, small: KelpSynthConfig) -> None:
    root, _ = made
    for row in truth_rows(root):
        info = read_info(root / f"{row.side}_satellite" / f"{row.tile_id}_satellite.tif")
        assert (info.count, info.height, info.width) == (7, small.size_px, small.size_px)
        assert (info.dtype, info.crs, info.transform) == ("int16", None, None)
        array = image(root, row)
        assert set(np.unique(array[5])) <= {0, 1}
        assert ((array[:5] > 0) | (array[:5] == -32768)).all()


def test_labels_have_the_real_format(made: Made, small: KelpSynthConfig) -> None:
    root, _ = made
    paths = sorted((root / "train_kelp").glob("*_kelp.tif"))
    assert len(paths) == small.train
    for path in paths:
        info = read_info(path)
        assert (info.count, info.dtype, info.crs) == (1, "uint8", None)
        assert set(np.unique(read_bands(path))) <= {0, 1}


def test_metadata_has_a_row_per_file_with_its_hash(made: Made) -> None:
    root, _ = made
    rows = metadata(root)
    assert list(rows[0]) == [
        "tile_id", "filename", "md5_hash", "filesize_bytes", "type", "in_train",
    ]  # fmt: skip
    assert [row["filename"] for row in rows] == sorted(row["filename"] for row in rows)
    folders = ("train_satellite", "train_kelp", "test_satellite")
    files = {path.name: path for folder in folders for path in (root / folder).iterdir()}
    assert {row["filename"] for row in rows} == set(files)
    for row in rows:
        content = files[row["filename"]].read_bytes()
        assert row["md5_hash"] == hashlib.md5(content, usedforsecurity=False).hexdigest()
        assert int(row["filesize_bytes"]) == len(content)
        assert row["filename"] == f"{row['tile_id']}_{row['type']}.tif"
        assert row["in_train"] == str(files[row["filename"]].parent.name.startswith("train"))


def test_truth_stays_in_its_side_folder(made: Made) -> None:
    root, _ = made
    outside = [path for path in root.rglob("*") if "truth" not in path.relative_to(root).parts]
    assert {path.parent.name for path in outside if path.is_file()} == {
        root.name, "train_satellite", "train_kelp", "test_satellite",
    }  # fmt: skip
    test_ids = {row.tile_id for row in truth_rows(root) if row.side == "test"}
    assert test_ids
    assert not any(path.name[:8] in test_ids and "kelp" in path.name for path in outside)
    assert all((root / "truth/test_kelp" / f"{tile}_kelp.tif").is_file() for tile in test_ids)


def test_bytes_do_not_depend_on_the_number_of_workers(
    made: Made, small: KelpSynthConfig, tmp_path: Path
) -> None:
    make_kelp(tmp_path / "two", small, workers=2)
    assert hashes(tmp_path / "two") == hashes(made[0])


def test_another_seed_makes_another_data_set(tmp_path: Path) -> None:
    config = KelpSynthConfig(places=1, train=1, test=0, seed=1, size_px=32)
    make_kelp(tmp_path / "a", config, workers=1)
    make_kelp(tmp_path / "b", config.model_copy(update={"seed": 2}), workers=1)
    first, second = (hashes(tmp_path / name / "train_satellite") for name in "ab")
    assert not set(first.values()) & set(second.values())
    assert not set(first) & set(second)


def test_int32_holds_the_same_values(tmp_path: Path) -> None:
    config = KelpSynthConfig(places=1, train=1, test=0, seed=1, size_px=32)
    make_kelp(tmp_path / "a", config, workers=1)
    make_kelp(tmp_path / "b", config.model_copy(update={"dtype": "int32"}), workers=1)
    (narrow,) = (tmp_path / "a/train_satellite").iterdir()
    wide = tmp_path / "b/train_satellite" / narrow.name
    assert read_info(wide).dtype == "int32"
    np.testing.assert_array_equal(read_bands(narrow), read_bands(wide))


def test_a_finished_data_set_is_left_alone(made: Made, small: KelpSynthConfig) -> None:
    root, summary = made
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    again = make_kelp(root, small, workers=1)
    assert not again.made
    assert again.kelp_share == pytest.approx(summary.kelp_share)
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


def test_other_content_is_refused(made: Made, small: KelpSynthConfig, tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="expected an empty folder"):
        make_kelp(made[0], small.model_copy(update={"seed": 99}), workers=1)
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(WriteError, match="expected an empty folder"):
        make_kelp(tmp_path, small, workers=1)
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_a_failure_leaves_nothing_behind(
    small: KelpSynthConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kelp, "write_tile", broken)
    with pytest.raises(WriteError, match="No space left"):
        make_kelp(tmp_path / "out", small, workers=1)
    assert not list(tmp_path.iterdir())


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    make_kelp(out, KelpSynthConfig(places=1, train=1, test=0, seed=1, size_px=32), workers=1)
    assert len(list((out / "train_satellite").iterdir())) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_flaws_show_in_the_files(tmp_path: Path) -> None:
    flaws = {"holes": 0.5, "dem_holes": 0.5, "slc_gaps": 0.25, "heavy_cloud": 0.25}
    labels = {"mislabelled": 0.125, "blobby": 0, "shifted": 0, "missed": 0, "empty": 0}
    config = KelpSynthConfig.model_validate(
        {
            "places": 4,
            "train": 8,
            "test": 0,
            "seed": 8,
            "size_px": 96,
            "flaws": flaws,
            "labels": labels,
        }
    )
    make_kelp(tmp_path / "out", config, workers=1)
    rows = truth_rows(tmp_path / "out")
    for row in rows:
        array = image(tmp_path / "out", row)
        missing = bool((array[:5] == -32768).any())
        assert missing == bool({"holes", "slc_gaps"} & set(row.flaws))
        assert (array[5][(array[:5] == -32768).any(axis=0)] == 1).all()
        if "heavy_cloud" in row.flaws:
            assert array[5].mean() > 0.4
        if row.mislabelled:
            assert row.label_pixels > 0.85 * 96 * 96
            assert row.kelp_pixels < 0.2 * 96 * 96
    assert sum(row.mislabelled for row in rows) == 1
    assert sum("holes" in row.flaws for row in rows) == 4
