"""An address is a window written as a path, and nothing else is one."""

from pathlib import Path

import pytest

from landseer.core.address import file_of, split_address, with_window
from landseer.core.window import Window


@pytest.mark.parametrize("name", ["a.tif", "a b#.tif", "no.suffix#1", "x#1,2,3.tif", "ü.vrt"])
def test_an_address_gives_back_file_and_window(name):
    path, window = Path("/data") / name, Window(1, 20, 300, 4000)
    address = with_window(path, window)
    assert address.name == f"{name}#1,20,300,4000"
    assert split_address(address) == (path, window)
    assert file_of(address) == path
    assert split_address(path) == (path, None)


def test_a_window_of_a_window_is_one_of_the_file():
    inner = with_window(with_window(Path("a.tif"), Window(10, 20, 30, 40)), Window(1, 2, 3, 4))
    assert inner == Path("a.tif#11,22,3,4")
