"""Values and arithmetic of the ground floor."""

from __future__ import annotations

import errno
import itertools
import os
import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseer.core.bands import Band, select_bands
from landseer.core.classes import IGNORE, UNKNOWN, ClassTable
from landseer.core.files import (
    atomic_path,
    clear_leftovers,
    clear_old_leftovers,
    hash_value,
    read_json,
    write_json,
)
from landseer.core.parallel import parallel_map
from landseer.core.seeds import derive, generator
from landseer.core.window import cover, spread
from landseer.errors import BandError, DataError, LandseerError, WriteError


def test_an_error_says_what_where_and_what_to_do_also_from_another_process() -> None:
    error = DataError("expected 7 bands, got 6", where="a.tif", do="look at it")
    assert str(error) == "expected 7 bands, got 6\n  where: a.tif\n  do: look at it"
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is DataError
    assert str(again) == str(error)


def test_every_error_is_in_the_tree_of_the_docstring() -> None:
    from landseer import errors

    leaves = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, Exception)]
    assert len(leaves) >= 10
    for kind in leaves:
        assert issubclass(kind, LandseerError)
        assert kind.__name__ in (errors.__doc__ or "")


@given(st.integers(1, 3000), st.integers(1, 600), st.integers(0, 300))
def test_windows_cover_every_pixel_and_share_at_least_the_overlap(
    length: int, size: int, overlap: int
) -> None:
    overlap = min(overlap, size - 1)
    starts = spread(length, size, overlap)
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    if size < length:
        assert starts[-1] + size == length
        assert all(a + size - b >= overlap for a, b in itertools.pairwise(starts))


def test_cover_is_the_product_of_two_spreads() -> None:
    windows = cover(500, 300, 256, 64)
    counts = np.zeros((500, 300), int)
    for window in windows:
        counts[window.slices] += 1
    assert counts.min() >= 1


def test_seeds_depend_on_every_key_and_on_nothing_else() -> None:
    assert derive(1, "a", 2) == derive(1, "a", 2)
    others = {derive(1, "a", 2), derive(2, "a", 2), derive(1, "a", 3), derive(1, "a", "2")}
    assert len(others) == 4
    assert generator(1, "x").integers(0, 2**31) == generator(1, "x").integers(0, 2**31)


def test_a_known_seed_never_changes() -> None:
    assert derive(42, "augment", 0, 7) == 4484757980360093904


def test_labels_become_class_numbers_and_unknown_values_are_seen() -> None:
    table = ClassTable(("land", "water"), (10, 20), ignore=(0,))
    encoded = table.encode(np.array([[10, 20, 0, 7]]))
    assert encoded.tolist() == [[0, 1, IGNORE, UNKNOWN]]
    assert table.decode(np.array([[0, 1]], np.uint8)).tolist() == [[10, 20]]


def test_rgb_labels_become_class_numbers() -> None:
    table = ClassTable(("land", "water"), ((132, 41, 246), (226, 169, 41)), ignore=((0, 0, 0),))
    label = np.array([[[132, 226, 0, 1]], [[41, 169, 0, 1]], [[246, 41, 0, 1]]], np.uint8)
    assert table.encode(label).tolist() == [[0, 1, IGNORE, UNKNOWN]]


def test_a_missing_band_is_named_with_those_that_are_there() -> None:
    with pytest.raises(BandError, match="expected one of the bands red, nir; got 'swir'"):
        select_bands([Band("red", 1), Band("nir", 2)], ["swir"])


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "a.json"
    write_json(target, {"a": 1})
    with pytest.raises(KeyError), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise KeyError
    assert read_json(target) == {"a": 1}
    assert [p.name for p in target.parent.iterdir()] == ["a.json"]


def test_a_full_disk_is_said_so_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="No space left on device"):
        with atomic_path(tmp_path / "a.tif"):
            raise OSError(errno.ENOSPC, "No space left on device")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def killed(tmp_path: Path) -> Callable[[str], Path]:
    """Return what writes half a file and is killed: it answers with what is left of it."""

    def kill(name: str) -> Path:
        before, code = set(tmp_path.iterdir()), KILLED.format(path=str(tmp_path / name))
        assert subprocess.run([sys.executable, "-c", code]).returncode == -signal.SIGKILL
        (left,) = set(tmp_path.iterdir()) - before
        assert left.read_text() == "half"
        return left

    return kill


KILLED = """
import os, signal
from pathlib import Path
from landseer.core.files import atomic_path
with atomic_path(Path({path!r})) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("name", ["a.tif", "a.stac.json", "a", "a b.c.tif"])
def test_what_a_killed_process_left_of_a_file_can_be_cleared(killed, tmp_path: Path, name) -> None:
    killed(name)
    Path(tempfile.mkdtemp(prefix=f".{name}.", dir=tmp_path)).joinpath("inside").touch()
    kept = [killed(f"b{name}"), killed("a.png"), *named(tmp_path, name, ".a", ".a.settings.tif")]
    clear_leftovers([tmp_path / name, tmp_path / "none" / name])
    assert sorted(tmp_path.iterdir()) == sorted(kept)


def named(folder: Path, *names: str) -> Iterator[Path]:
    """Make empty files that no killed process left."""
    for name in names:
        folder.joinpath(name).touch()
        yield folder / name


def test_only_what_nobody_writes_to_is_cleared_from_a_whole_folder(killed, tmp_path: Path) -> None:
    old, new = killed("a.safetensors"), killed("b.safetensors")
    below = tmp_path / "folds" / "0" / old.name
    below.parent.mkdir(parents=True)
    old.rename(below)
    os.utime(below, (0, 0))
    growing = tmp_path / ".a.tif.abcdefgh" / "0.tif"  # of somebody who writes a large map
    growing.parent.mkdir()
    growing.touch()
    os.utime(growing.parent, (0, 0))
    kept = [growing, *named(tmp_path, ".lock", ".a.settings.tif"), new]
    os.utime(kept[1], (0, 0))
    clear_old_leftovers(tmp_path, 600)
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(kept)


def test_the_hash_of_a_value_does_not_depend_on_the_order_of_keys() -> None:
    assert hash_value({"a": 1, "b": [1, 2]}) == hash_value({"b": [1, 2], "a": 1})
    assert hash_value({"a": 1}) != hash_value({"a": 2})


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_a_parallel_map_keeps_the_order(workers: int) -> None:
    assert list(parallel_map(abs, range(-20, 0), workers=workers)) == list(range(20, 0, -1))


def test_a_parallel_map_raises_what_a_worker_raised() -> None:
    def fail(number: int) -> int:
        if number == 3:
            raise DataError("bad sample")
        return number

    with pytest.raises(DataError, match="bad sample"):
        list(parallel_map(fail, range(9), workers=2))


def test_every_public_name_can_be_loaded() -> None:
    import landseer

    assert dir(landseer) == sorted(landseer.__all__)
    for name in landseer.__all__:
        assert getattr(landseer, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        landseer.nothing  # noqa: B018
