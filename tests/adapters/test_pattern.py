"""Patterns find files, name samples, and lead from images to labels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseer.adapters.pattern import check_pattern, fill, find_files, nothing_found, wildcards
from landseer.errors import FileReadError

FILES = [
    "a.tif", "images/1.tif", "images/2.TIF", "images/10.tif", "images/._1.tif", "labels/1.png", "x/images/p_1.jpg",
    "y/images/p_2.jpg", "y/z/images/p_3.jpg", ".hidden/images/p_4.jpg", "images/sub.tif/inner.tif",
]  # fmt: skip


@pytest.fixture
def root(tmp_path):
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.tif", {"a.tif": "a"}),
        ("images/*.tif", {"images/1.tif": "1", "images/10.tif": "10"}),
        ("images/?.tif", {"images/1.tif": "1"}),
        ("*/images/p_*.jpg", {"x/images/p_1.jpg": "x_1", "y/images/p_2.jpg": "y_2"}),
        (
            "**/images/p_*.jpg",
            {"x/images/p_1.jpg": "x_1", "y/images/p_2.jpg": "y_2", "y/z/images/p_3.jpg": "y_z_3"},
        ),
        ("**/*.png", {"labels/1.png": "labels_1"}),
        ("y/**/p_*.jpg", {"y/images/p_2.jpg": "images_2", "y/z/images/p_3.jpg": "z_images_3"}),
        (
            "images/**/*.tif",
            {
                "images/1.tif": "1",
                "images/10.tif": "10",
                "images/sub.tif/inner.tif": "sub.tif_inner",
            },
        ),
        (".hidden/images/*.jpg", {".hidden/images/p_4.jpg": "p_4"}),
        ("images/[0-9].tif", {}),
    ],
)
def test_found_files_and_their_names(root, pattern, found):
    matches = find_files(root, pattern)
    assert {match.relative: match.name for match in matches} == found
    assert [match.relative for match in matches] == sorted(found)
    for match in matches:
        assert match.path == root / match.relative
        assert fill(pattern, match.parts) == match.relative


def test_parts_lead_to_the_label():
    assert fill("labels/*/m_*.png", ("x", "1")) == "labels/x/m_1.png"
    assert fill("m/**/*.png", ("", "1")) == "m/1.png"
    assert fill("**/*.png", ("", "1")) == "1.png"
    assert wildcards("**/a*/b?.tif") == ("**", "*", "?")


@given(st.lists(st.text("abcXY01-", min_size=1, max_size=5), min_size=2, max_size=2))
def test_filling_then_finding_gives_the_parts_back(tmp_path_factory, parts):
    root = tmp_path_factory.mktemp("pattern")
    path = root / fill("im/*/x_*.tif", tuple(parts))
    path.parent.mkdir(parents=True)
    path.touch()
    (match,) = find_files(root, "im/*/x_*.tif")
    assert match.parts == tuple(parts)


def test_links_to_folders_are_followed(root, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "5.tif").touch()
    (root / "linked").symlink_to(elsewhere)
    assert [match.name for match in find_files(root, "linked/*.tif")] == ["5"]


@pytest.mark.parametrize("pattern", ["/abs/*.tif", "../*.tif", "a/**.tif", "a/**", ""])
def test_patterns_that_make_no_sense(pattern):
    with pytest.raises(ValueError, match="expected"):
        check_pattern(pattern)


def test_nothing_found_says_what_is_there(root):
    message = str(nothing_found(root, "images/*.tiff", "images"))
    assert "expected images matching 'images/*.tiff'; found none" in message
    assert "holds: 2 *.tif, 1 *.TIF, 1 sub.tif/)" in message


def test_missing_root(tmp_path):
    with pytest.raises(FileReadError, match="expected a folder; there is none"):
        find_files(tmp_path / "none", "*.tif")


def test_unreadable_folder_is_not_passed_over(root, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("os.scandir", refuse)
    with pytest.raises(
        FileReadError, match="folder that may be read; got: Permission denied"
    ) as caught:
        find_files(root, "images/*.tif")
    assert str(root) in caught.value.where
