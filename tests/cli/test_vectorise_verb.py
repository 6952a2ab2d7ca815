"""`landseer vectorise`: options reach the work, and wrong ones are named."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from landseer.cli.vectorise import app
from landseer.errors import UsageError
from landseer.raster.write import write_raster


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Write a map of two squares in UTM."""
    classes = np.zeros((40, 40), np.uint8)
    classes[5:15, 5:15], classes[20:22, 20:22] = 1, 2
    write_raster(
        tmp_path / "map.tif", classes, crs="EPSG:32736", transform=(0.5, 0, 5e5, 0, -0.5, 9.2e6)
    )
    return tmp_path / "map.tif"


def test_a_map_becomes_a_file(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "map.gpkg"
    words = ["--classes", "roof, 2", "--names", "ground,roof,tank", "--layer", "town", "--json"]
    answer = CliRunner().invoke(app, [str(path), "-o", str(out), *words])
    assert answer.exit_code == 0
    said = json.loads(answer.stdout)
    assert said["by_class"] == {"roof": 1, "tank": 1}
    assert said["files"] == [str(out)]
    assert sorted(geopandas.read_file(out, layer="town")["class"]) == ["roof", "tank"]


def test_small_things_go_and_people_read_it(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "map.parquet"
    words = ["--min-area-m2", "2", "--rectangular", "--min-iou", "0.5"]
    answer = CliRunner().invoke(app, [str(path), "-o", str(out), *words])
    assert answer.exit_code == 0
    assert answer.stdout.startswith("1 polygons (1 1), 0.00 ha of 1 map")
    assert "1 left out as too small" in answer.stdout
    assert "1 right-angled" in answer.stdout


def test_notes_go_to_stderr(path: Path, tmp_path: Path) -> None:
    answer = CliRunner().invoke(
        app, [str(path), "-o", str(tmp_path / "map.parquet"), "--classes", "9", "--json"]
    )
    assert answer.stderr == "note: no pixel of class 9 in the map; the classes there are 0, 1, 2\n"
    assert json.loads(answer.stdout)["polygons"] == 0


@pytest.mark.parametrize(
    ("option", "value", "named"),
    [("--connectivity", "6", "--connectivity"), ("--min-area-m2", "-1", "--min-area-m2")],
)
def test_wrong_options_are_named(path: Path, option: str, value: str, named: str) -> None:
    command = typer.main.get_command(app)
    arguments = [str(path), "-o", "x.gpkg", option, value]
    with pytest.raises(UsageError, match=named):
        command.main(arguments, standalone_mode=False)
