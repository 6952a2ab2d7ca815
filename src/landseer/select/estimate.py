"""A figure with its interval, and how results that hold some are read back from their files."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from landseer.core.files import read_json
from landseer.errors import FileReadError

Result = TypeVar("Result", bound=BaseModel)


class Estimate(BaseModel):
    """A figure with its interval over groups; null where undefined."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    value: float | None
    """The figure."""
    low: float | None = None
    """Lower end; null with fewer than two groups."""
    high: float | None = None
    """Upper end."""

    @property
    def is_clear(self) -> bool:
        """Whether the interval is known and leaves zero out."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def read_result(path: Path, kind: type[Result], noun: str, verb: str) -> Result:
    """Read a result that was written as JSON.

    Args:
        path: the file.
        kind: what it holds.
        noun: what it is called, with its article.
        verb: what writes it, such as `landseer leak`.

    Raises:
        FileReadError: the file is missing or holds something else.
    """
    path = Path(path)
    if not path.is_file():
        raise FileReadError(
            f"expected {noun}; there is no such file", where=path, do=f"run `{verb}`"
        )
    try:
        return kind.model_validate(read_json(path))
    except ValueError as error:
        raise FileReadError(f"expected {noun}; {error}", where=path) from error
