"""Every error landseer raises, as one tree.

    LandseerError
    ├── UsageError            the command or the recipe is wrong (exit 2)
    │   └── RecipeError       one or more keys of a recipe are wrong; all of them are listed
    ├── DataError             what is on disk is not what it should be (exit 1)
    │   ├── FileReadError     a file is missing, empty, truncated or of an unknown format
    │   ├── BandError         a band is missing, or there are too many or too few
    │   ├── LabelError        a label has values, a size or a CRS that its image or class table does not
    │   └── GridError         two grids that should match do not
    ├── FormulaError          a spectral formula cannot be parsed, or uses what is not there
    ├── WeightsError          pretrained weights cannot be found, fetched or fitted
    ├── StageError            a stage cannot run, or its inputs are missing
    └── WriteError            an output cannot be written (disk full, no permission)

The text of an error says what was expected and what came; `where` names the file, sample, band or
key; `do` says what to do.
"""

from __future__ import annotations


class LandseerError(Exception):
    """Say what was expected and what came, where, and what to do: one to three lines."""

    exit_code = 1

    def __init__(self, message: str, *, where: object = "", do: str = "") -> None:
        self.message, self.where, self.do = message, str(where), do
        super().__init__(message)

    def __str__(self) -> str:
        lines = [self.message]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.do:
            lines.append(f"  do: {self.do}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.message, self.where, self.do)


def _rebuild(kind: type[LandseerError], message: str, where: str, do: str) -> LandseerError:
    """Rebuild an error that crossed a process border."""
    return kind(message, where=where, do=do)


class UsageError(LandseerError):
    """The command or the recipe is wrong; nothing was done."""

    exit_code = 2


class RecipeError(UsageError):
    """One or more keys of a recipe are wrong; the message lists every one of them."""


class DataError(LandseerError):
    """What is on disk is not what it should be."""


class FileReadError(DataError):
    """A file is missing, empty, truncated or of an unknown format."""


class BandError(DataError):
    """A band is missing, or a file has more or fewer bands than it should."""


class LabelError(DataError):
    """A label has values, a size or a CRS that its image or class table does not have."""


class GridError(DataError):
    """Two grids that should match do not."""


class FormulaError(LandseerError):
    """A spectral formula cannot be parsed, or uses a name that is not there."""

    exit_code = 2


class WeightsError(LandseerError):
    """Pretrained weights cannot be found, fetched, or fitted onto the network."""


class StageError(LandseerError):
    """A stage cannot run, or what it needs from an earlier stage is missing."""


class WriteError(LandseerError):
    """An output cannot be written: disk full, no permission, or the target already exists."""
