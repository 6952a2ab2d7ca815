"""Content hashes: of files, folders and patterns, remembered but never stale."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from landseer.core.files import hash_file, read_json
from landseer.run import hashes
from landseer.run.hashes import MISSING, FileHashes


def test_a_file_a_folder_and_a_pattern(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/x.txt").write_text("x")
    files = FileHashes(tmp_path)
    assert files.state("a/x.txt") == hash_file(tmp_path / "a/x.txt")
    assert files.state("none.txt") == files.state("none/*.txt") == MISSING
    assert files.state("a/x.txt/below") == MISSING
    folder, pattern = files.state("a"), files.state("*/x.txt")
    (tmp_path / "a/.hidden").touch()
    assert (files.state("a"), files.state("*/x.txt")) == (folder, pattern)
    (tmp_path / "a/y.txt").write_text("x")
    assert files.state("a") != folder
    assert files.state("*/x.txt") == pattern
    (tmp_path / "a/y.txt").rename(tmp_path / "a/z.txt")
    renamed = files.state("a")
    (tmp_path / "a/z.txt").unlink()
    assert renamed != folder == files.state("a")


def test_an_empty_folder_is_missing(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    assert FileHashes(tmp_path).state("a") == MISSING


def test_a_settled_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.txt"
    path.write_text("x")
    monkeypatch.setattr(hashes, "_SETTLED_S", -1.0)
    first = FileHashes(tmp_path)
    digest = first.state("x.txt")
    first.save()
    assert list(read_json(tmp_path / ".hashes.json")) == ["x.txt"]
    monkeypatch.setattr(hashes, "hash_file", lambda path: pytest.fail(f"read {path} again"))
    assert FileHashes(tmp_path).state("x.txt") == digest


def test_a_file_of_the_same_size_and_time_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.txt"
    path.write_text("x")
    monkeypatch.setattr(hashes, "_SETTLED_S", -1.0)
    files = FileHashes(tmp_path)
    digest, stat = files.state("x.txt"), path.stat()
    path.write_text("y")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert files.state("x.txt") != digest


def test_a_young_file_is_not_remembered(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("x")
    files = FileHashes(tmp_path)
    files.state("x.txt")
    files.save()
    assert not (tmp_path / ".hashes.json").exists()


def test_a_file_that_goes_while_it_is_read_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.txt").write_text("x")

    def gone(path: Path) -> str:
        path.unlink()
        return hash_file(path)

    monkeypatch.setattr(hashes, "hash_file", gone)
    assert FileHashes(tmp_path).state("x.txt") == MISSING
