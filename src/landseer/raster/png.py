"""Prove a PNG whole before it is read, because GDAL returns garbage for a truncated one without a word."""

from __future__ import annotations

import zlib
from pathlib import Path

from landseer.errors import FileReadError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_FRAME = 12
"""Bytes of a chunk besides its data: length, type, checksum."""


def check_png(path: Path) -> None:
    """Walk the chunks of a PNG and compare their checksums.

    Args:
        path: a file that GDAL opened with its PNG driver.

    Raises:
        FileReadError: the file ends before its last chunk, or a checksum is wrong.

    Source: PNG specification (W3C, third edition), sections 5.3 and 5.5.
    """
    content = memoryview(Path(path).read_bytes())
    at = len(_SIGNATURE)
    while at + _FRAME <= len(content):
        length = int.from_bytes(content[at : at + 4], "big")
        end = at + _FRAME + length
        if end > len(content):
            break
        kind = bytes(content[at + 4 : at + 8])
        if zlib.crc32(content[at + 4 : end - 4]) != int.from_bytes(content[end - 4 : end], "big"):
            raise _damaged(path, f"its {kind.decode('latin-1')} chunk has a wrong checksum")
        if kind == b"IEND":
            return
        at = end
    raise _damaged(path, f"its {len(content)} bytes end before its last chunk")


def _damaged(path: Path, how: str) -> FileReadError:
    """Say what is wrong with a PNG."""
    return FileReadError(
        f"expected a whole raster; got a PNG whose pixels end early or are damaged ({how})",
        where=path,
        do="fetch or export the file again, or remove it",
    )
