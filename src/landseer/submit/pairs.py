"""Which predicted file belongs to which true one: by name, by stem, or by id."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from landseer.errors import DataError, FileReadError
from landseer.samples.schema import shorten

SUFFIXES = (".tif", ".tiff", ".png")
"""File endings taken from a folder or an archive."""

_BESIDE = ("_probability", "_entropy", "_disagreement")
"""Ends of the names of what `predict` writes beside class maps."""

Pair = tuple[str, Path, Path]
"""Key, prediction, truth."""

_KEYS: dict[str, Callable[[Path], str]] = {
    "name": lambda path: path.name,
    "stem": lambda path: path.stem,
    "id": lambda path: path.stem.split("_")[0],
}


def list_files(path: Path, stack: ExitStack) -> list[Path]:
    """List the rasters of a file, a folder (not below) or a tar archive.

    Args:
        path: what is there.
        stack: closes the folder into which an archive was unpacked.

    Raises:
        FileReadError: nothing is there, or no raster in it.
    """
    path = Path(path)
    if not path.exists():
        raise FileReadError("expected a file, a folder or a .tar; there is nothing", where=path)
    if path.is_file() and path.suffix != ".tar":
        return [path]
    folder = path if path.is_dir() else unpack(path, stack)
    files = sorted(f for f in folder.iterdir() if _is_map(f))
    if not files:
        raise FileReadError(f"expected rasters ({', '.join(SUFFIXES)}); got none", where=path)
    return files


def _is_map(path: Path) -> bool:
    """Tell class maps from other files: probabilities and uncertainties that lie beside them are none."""
    is_raster = path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    return is_raster and not path.stem.endswith(_BESIDE)


def pair_files(predictions: Sequence[Path], truths: Sequence[Path]) -> tuple[Pair, ...]:
    """Pair predictions with truths.

    Two single files are a pair whatever they are called. Otherwise keys must be unique on each side and agree: the
    file names, else the stems, else what stands before the first `_`. Truths whose ending after the first `_` no
    prediction has are left aside where every prediction finds its name.

    Raises:
        DataError: predictions are missing or too many.
    """
    if len(predictions) == len(truths) == 1:
        return ((truths[0].stem, predictions[0], truths[0]),)
    truths = _of_the_same_kind(predictions, truths)
    best: tuple[int, str, dict[str, Path], dict[str, Path]] | None = None
    for how, key in _KEYS.items():
        left, right = {key(p): p for p in predictions}, {key(t): t for t in truths}
        if len(left) < len(predictions) or len(right) < len(truths):
            continue
        if left.keys() == right.keys():
            return tuple((k, left[k], right[k]) for k in sorted(left))
        common = len(left.keys() & right.keys())
        if best is None or common > best[0]:
            best = common, how, left, right
    raise _mismatch(best)


def _mismatch(best: tuple[int, str, dict[str, Path], dict[str, Path]] | None) -> DataError:
    """Say what does not match under the key that matches best."""
    if best is None:
        return DataError("expected file names or ids that are unique on each side; got repeats")
    _, how, left, right = best
    missing, extra = right.keys() - left.keys(), left.keys() - right.keys()
    parts = [
        f"{len(keys)} {what} ({shorten(keys)})"
        for what, keys in (("missing", missing), ("without truth", extra))
        if keys
    ]
    return DataError(
        f"expected one prediction for each of {len(right)} true files, matched by {how}; got "
        f"{', '.join(parts)}",
        do="predict the same files that the truth holds",
    )


def _of_the_same_kind(predictions: Sequence[Path], truths: Sequence[Path]) -> Sequence[Path]:
    """Keep truths that end like the predictions where every prediction finds its name among them."""
    names = {truth.name for truth in truths}
    if not all(prediction.name in names for prediction in predictions):
        return truths
    endings = {prediction.name.partition("_")[2] for prediction in predictions}
    return [truth for truth in truths if truth.name.partition("_")[2] in endings]


def unpack(path: Path, stack: ExitStack) -> Path:
    """Unpack a tar archive, compressed or not, into a folder that the stack removes.

    Raises:
        FileReadError: it is no tar archive.
    """
    folder = Path(stack.enter_context(TemporaryDirectory()))
    try:
        with tarfile.open(path) as archive:
            archive.extractall(folder, filter="data")
    except (tarfile.TarError, OSError) as error:
        raise FileReadError(f"expected a tar archive; got: {error}", where=path) from error
    return folder
