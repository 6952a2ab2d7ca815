"""Shelf: pieces of data in one temporary file, read back one at a time, for sets larger than memory."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, overload

import numpy as np
from numpy.typing import NDArray

from landseer.errors import WriteError

_SHAPE = struct.Struct("<II")


class Shelf:
    """Bytes kept in a temporary file in the order they were put there; the file goes when the shelf is closed.

    Attributes:
        path: the file; other processes may read it while the shelf is open.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="landseer-")
        self.path = Path(self._folder.name) / "shelf"
        self._file: BinaryIO = self.path.open("wb")
        self._ends = [0]

    def put(self, piece: bytes) -> None:
        """Add a piece at the end.

        Raises:
            WriteError: there is no room for it.
        """
        try:
            self._file.write(piece)
            self._file.flush()
        except OSError as error:
            raise WriteError(
                f"expected room for a temporary file; came {error.strerror} after {self._ends[-1] / 1e9:.1f} GB",
                where=str(self.path),
                do="make room, or set TMPDIR to a folder that has more",
            ) from error
        self._ends.append(self._ends[-1] + len(piece))

    def span(self, number: int) -> tuple[int, int]:
        """Return where a piece begins and ends in the file, in bytes."""
        return self._ends[number], self._ends[number + 1]

    def get(self, number: int) -> bytes:
        """Read a piece."""
        return read_span(self.path, self.span(number))

    def __len__(self) -> int:
        """Return how many pieces there are."""
        return len(self._ends) - 1

    def close(self) -> None:
        """Delete the file."""
        self._file.close()
        self._folder.cleanup()

    def __enter__(self) -> Shelf:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class LayerShelf(Sequence[NDArray[np.float32]]):
    """Layers kept in a temporary file: a sequence that gives them back unchanged, one at a time.

    Args of the constructor: layers, (h, w) float32 each, of any sizes; they are read once, in order.
    """

    def __init__(self, layers: Iterable[NDArray[np.float32]] = ()) -> None:
        self._shelf = Shelf()
        for layer in layers:
            self.append(layer)

    def append(self, layer: NDArray[np.float32]) -> None:
        """Add an (h, w) float32 layer."""
        self._shelf.put(_SHAPE.pack(*layer.shape) + np.ascontiguousarray(layer, "<f4").tobytes())

    def __len__(self) -> int:
        """Return how many layers there are."""
        return len(self._shelf)

    @overload
    def __getitem__(self, number: int) -> NDArray[np.float32]: ...

    @overload
    def __getitem__(self, number: slice) -> list[NDArray[np.float32]]: ...

    def __getitem__(self, number: int | slice) -> NDArray[np.float32] | list[NDArray[np.float32]]:
        """Read a layer, or a list of them for a slice."""
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        if not -len(self) <= number < len(self):
            raise IndexError(number)
        piece = self._shelf.get(number % len(self))
        shape = _SHAPE.unpack_from(piece)
        return np.frombuffer(piece, "<f4", offset=_SHAPE.size).reshape(shape)

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        return (self[number] for number in range(len(self)))

    def close(self) -> None:
        """Delete the file."""
        self._shelf.close()


def read_span(path: Path, span: tuple[int, int]) -> bytes:
    """Read the bytes from a beginning to an end, from any thread or process."""
    with path.open("rb") as file:
        file.seek(span[0])
        return file.read(span[1] - span[0])
