"""`landseer score` of shapes: its options reach the score, and what it prints."""

from pathlib import Path

import numpy as np
import pytest

from landseer.raster.write import write_raster


@pytest.fixture
def maps(tmp_path: Path) -> tuple[Path, Path]:
    truth = np.zeros((40, 40), np.uint8)
    truth[5:15, 5:15] = truth[22:34, 20:36] = 1
    for name in ("a", "b"):
        write_raster(tmp_path / "t" / f"{name}.tif", truth)
        write_raster(tmp_path / "p" / f"{name}.tif", np.roll(truth, 3, 1) * (name == "a"))
    return tmp_path / "p", tmp_path / "t"


def test_objects(landseer, maps) -> None:
    answer = landseer("score", *maps, "--metric", "spacenet-f1", "--per-scene", "--interval")
    lines = [line.split("  ") for line in answer.out.splitlines()]
    found = {parts[0] or parts[1]: parts[-1].strip() for parts in lines}
    assert found["spacenet-f1"] == "0.6667" and found["95 % interval"] == "0.0000 to 1.0000"
    assert (found["objects found"], found["objects missed"]) == ("2", "2")
    assert (found["a.tif"], found["b.tif"]) == ("1", "0")
    options = ("--metric", "spacenet-f1", "--min-area-px", 101, "--min-iou", 0.6, "--json")
    assert landseer("score", *maps, *options).json["objects"] == {"tp": 1, "fp": 0, "fn": 1}


def test_boundaries(landseer, maps) -> None:
    one = [path / "a.tif" for path in maps]
    options = ("--metric", "boundary-f1", "--json")
    assert landseer("score", *one, *options).json["value"] < 0.7
    assert landseer("score", *one, *options, "--tolerance-px", 3).json["value"] == 1
    assert landseer("score", *one, *options, "--tolerance-px", -1).code == 2


def test_table(landseer, maps, tmp_path: Path) -> None:
    answer = landseer("score", *maps, "--metric", "miou", "--table", tmp_path / "out" / "t.csv")
    assert answer.out.splitlines()[0].split()[0] == "miou"
    lines = (tmp_path / "out" / "t.csv").read_text().splitlines()
    assert lines[0].startswith("scene,class,pixels,iou,dice") and len(lines) == 1 + 3 * 2
