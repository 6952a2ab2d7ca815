"""A folder that appears whole or not at all, and knows which settings it was made with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from typing import Any

from landseer.core.files import hash_value, read_json, write_json
from landseer.errors import WriteError

TRUTH_FOLDER = "truth"
"""Side folder that only tests and the held-out scoring may read."""

STAMP_FILE = f"{TRUTH_FOLDER}/config.json"
"""What says which data set a folder holds."""


def holds(out: Path, stamp: dict[str, Any]) -> bool:
    """Say whether a folder already holds exactly the data set with this stamp.

    Args:
        out: the folder; False where it is missing or empty.
        stamp: kind, format and settings.

    Raises:
        WriteError: it holds something else.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return False
    file = out / STAMP_FILE
    if file.is_file() and read_json(file) == stamp:
        return True
    raise WriteError(
        "expected an empty folder, or one that holds this very data set; got other content",
        where=out,
        do="choose another folder, or remove this one",
    )


@contextmanager
def whole_folder(out: Path, stamp: dict[str, Any], folders: Sequence[str]) -> Iterator[Path]:
    """Yield a folder beside `out` that takes its place when the block ends well, and goes otherwise.

    Args:
        out: where the folder shall be.
        stamp: kind, format and settings, written into it.
        folders: folders to make in it.

    Raises:
        WriteError: it cannot be written.
    """
    partial = out.parent / f".{out.name}.{hash_value(stamp)[:6]}.partial"
    rmtree(partial, ignore_errors=True)
    try:
        for name in (*folders, TRUTH_FOLDER):
            (partial / name).mkdir(parents=True, exist_ok=True)
        yield partial
        write_json(partial / STAMP_FILE, stamp)
        partial.replace(out)
    except OSError as error:
        raise WriteError(
            f"could not make the folder: {error.strerror or error}",
            where=out,
            do="free disk space or choose a folder you may write to",
        ) from error
    finally:
        rmtree(partial, ignore_errors=True)
