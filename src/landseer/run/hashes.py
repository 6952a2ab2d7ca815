"""Content hashes of a run's files, remembered as long as a file's size and times stay the same."""

from __future__ import annotations

import glob
import time
from pathlib import Path
from typing import Any

from landseer.core.files import hash_file, hash_value, read_json, write_json

MISSING = "missing"
"""What stands for the content of a file that is not there."""

_SETTLED_S = 2.0
"""A file that changed less than this ago may change again within the same tick of its clock."""


class FileHashes:
    """Content hashes below one folder, kept in a JSON file between runs."""

    def __init__(self, folder: Path, kept_in: str = ".hashes.json") -> None:
        self._folder, self._file = folder, folder / kept_in
        self._known: dict[str, list[Any]] = _read(self._file)
        self._used: dict[str, list[Any]] = {}

    def state(self, name: str) -> str:
        """Return the content hash of a file, or of the names and contents of a folder's or pattern's files.

        Returns:
            16 hex digits; `MISSING` where there is no file.

        Edges: hidden files do not count; a file that goes while it is read is missing.
        """
        path = self._folder / name
        if not glob.has_magic(name) and not path.is_dir():
            return self._hash(path)
        found = path.rglob("*") if path.is_dir() else self._folder.glob(name)
        files = sorted(p for p in found if p.is_file() and not p.name.startswith("."))
        names = [p.relative_to(self._folder).as_posix() for p in files]
        return (
            hash_value(list(zip(names, map(self._hash, files), strict=True))) if files else MISSING
        )

    def save(self) -> None:
        """Keep what is known for the next run."""
        known = self._known | self._used
        if known != self._known:
            write_json(self._file, known)

    def _hash(self, path: Path) -> str:
        """Return a file's content hash, from memory where its size and times are known."""
        key = path.relative_to(self._folder).as_posix()
        try:
            stat = path.stat()
            figures = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
            kept = self._used.get(key) or self._known.get(key)
            digest = kept[1] if kept and kept[0] == figures else hash_file(path)
        except (FileNotFoundError, NotADirectoryError):
            return MISSING
        if time.time_ns() - max(stat.st_mtime_ns, stat.st_ctime_ns) > _SETTLED_S * 1e9:
            self._used[key] = [figures, digest]
        return str(digest)


def _read(path: Path) -> dict[str, list[Any]]:
    """Read what was kept; a damaged file is as good as none."""
    try:
        kept = read_json(path)
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}
