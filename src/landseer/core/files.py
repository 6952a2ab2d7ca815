"""Files that appear whole or not at all, and hashes that say whether they changed."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from landseer.errors import WriteError

_LEFTOVER = re.compile(r"\.(.+)\.[a-z0-9_]{8}(\.[^.]*)?", re.DOTALL)
"""Hidden names that `atomic_path` gives, and `tempfile.mkdtemp` with the same prefix: they hold the name to come."""


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; move it there when the block ends well, remove it otherwise.

    Raises:
        WriteError: the disk is full, or the folder cannot be written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent
        )
    except OSError as error:
        raise _write_error(path, error) from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise _write_error(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _write_error(path: Path, error: OSError) -> WriteError:
    """Say why a file could not be written."""
    return WriteError(
        f"could not write the file: {error.strerror or error}",
        where=path,
        do="free disk space or choose a folder you may write to",
    )


def clear_leftovers(paths: Iterable[Path]) -> None:
    """Remove what killed processes left of files that they were writing; nobody may be writing these now.

    Args:
        paths: the files that were to be written. What lies beside them for other files stays.

    Source: own. A killed process removes nothing, and no lock says so: libraries put files of their own in the place of
        the one that is locked.
    """
    names: defaultdict[Path, set[str]] = defaultdict(set)
    for path in map(Path, paths):
        names[path.parent].add(path.name)
    for folder, wanted in names.items():
        for path in folder.iterdir() if folder.is_dir() else ():
            if _name_to_come(path.name) in wanted:
                _remove(path)


def clear_old_leftovers(folder: Path, idle_s: float) -> None:
    """Remove files that killed processes left anywhere below a folder, and nobody has written to for `idle_s` seconds.

    Edges: hidden folders stay: files may grow in them that somebody writes to, while they themselves look old.
    """
    for inner, _, files in os.walk(folder):
        for path in (Path(inner, name) for name in files if _name_to_come(name)):
            with suppress(FileNotFoundError):  # somebody else took it away
                if time.time() - path.stat().st_mtime > idle_s:
                    path.unlink()


def _name_to_come(hidden: str) -> str | None:
    """Return the name that a file of this hidden name was to get; None where it is no such file."""
    found = _LEFTOVER.fullmatch(hidden)
    if found is None or Path(found[1]).suffix != (found[2] or Path(found[1]).suffix):
        return None
    return found[1]


def _remove(path: Path) -> None:
    """Remove a file or a folder."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def json_number(value: float) -> float | None:
    """Return a number that JSON can hold: None where it is not known or not finite."""
    return float(value) if math.isfinite(value) else None


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file, indented and with sorted keys, whole or not at all."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def hash_value(value: Any) -> str:
    """Hash any JSON-like value: 16 hex digits, equal exactly when the sorted JSON is."""
    text = json.dumps(value, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def hash_file(path: Path) -> str:
    """Hash a file's content: 16 hex digits of its SHA-256."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def hash_stat(path: Path) -> tuple[str, int, int]:
    """Return name, size and modification time: the cheap stand-in for a content hash of large data files."""
    stat = Path(path).stat()
    return str(path), stat.st_size, stat.st_mtime_ns
