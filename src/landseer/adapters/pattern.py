"""File patterns whose wildcards name the sample: find images by one, their labels by another."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from landseer.errors import DataError, FileReadError

_WILDCARD = re.compile(r"\*\*|\*|\?")


@dataclass(frozen=True, slots=True)
class Match:
    """A file found by a pattern.

    Attributes:
        path: the file.
        relative: its path below the root, with forward slashes.
        parts: what each wildcard stands for, in order.
    """

    path: Path
    relative: str
    parts: tuple[str, ...]

    @property
    def name(self) -> str:
        """The wildcards' parts joined by `_`: the name of the sample."""
        return "_".join(part.replace("/", "_") for part in self.parts if part)


def wildcards(pattern: str) -> tuple[str, ...]:
    """Return the wildcards of a pattern in order: `*` and `?` within a name, `**` for any folders."""
    return tuple(_WILDCARD.findall(pattern))


def check_pattern(pattern: str) -> str:
    """Return the pattern when it can be searched for.

    Raises:
        ValueError: it is absolute, leaves the root, or has `**` beside other characters.
    """
    parts = PurePosixPath(pattern).parts
    if PurePosixPath(pattern).is_absolute() or ".." in parts or not parts:
        raise ValueError(f"expected a pattern below the root; got {pattern!r}")
    if any("**" in part and part != "**" for part in parts) or parts[-1] == "**":
        raise ValueError(
            f"expected ** alone between slashes and before a file name; got {pattern!r}"
        )
    return pattern


def find_files(root: Path, pattern: str) -> list[Match]:
    """Find the files that a pattern means.

    Args:
        root: folder that the pattern starts from.
        pattern: as `images/*.tif` or `*/images/*.jpg`; `**` stands for any folders, none included.

    Returns:
        Matches sorted by relative path. Hidden files and folders are left out unless the pattern names them. Links are
        followed.

    Raises:
        FileReadError: the root is missing, or a folder on the way may not be read.
    """
    if not Path(root).is_dir():
        raise FileReadError("expected a folder; there is none", where=root, do="correct `root`")
    found = _walk(Path(root), "", PurePosixPath(pattern).parts, ())
    return sorted(
        {match.relative: match for match in found}.values(), key=lambda match: match.relative
    )


def fill(pattern: str, parts: tuple[str, ...]) -> str:
    """Put parts in the place of a pattern's wildcards, in order.

    Returns:
        A relative path; a `**` that stands for no folder leaves no trace.
    """
    rest = iter(parts)
    filled = _WILDCARD.sub(lambda _: next(rest), pattern)
    return str(PurePosixPath(re.sub("/+", "/", filled).removeprefix("/")))


def nothing_found(root: Path, pattern: str, role: str) -> DataError:
    """Say that a pattern matches nothing, and what is there instead."""
    folder = Path(root)
    for part in PurePosixPath(pattern).parts[:-1]:
        if wildcards(part) or not (folder / part).is_dir():
            break
        folder /= part
    kinds = Counter(
        f"{entry.name}/" if entry.is_dir() else f"*{Path(entry.name).suffix}"
        for entry in _entries(folder)
        if not entry.name.startswith(".")
    )
    there = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(6)) or "nothing"
    return DataError(
        f"expected {role} matching {pattern!r}; found none ({folder} holds: {there})",
        where=root,
        do=f"correct the pattern of the {role}",
    )


def _walk(
    folder: Path, above: str, components: tuple[str, ...], parts: tuple[str, ...]
) -> Iterator[Match]:
    """Follow one component of the pattern downwards."""
    head, *rest = components
    if head == "**":
        yield from _any_folders(folder, above, tuple(rest), parts, "")
        return
    expression = _component(head)
    for entry in _entries(folder):
        groups = expression.fullmatch(entry.name)
        if groups is None or (entry.name.startswith(".") and not head.startswith(".")):
            continue
        relative = f"{above}{entry.name}"
        if rest and entry.is_dir():
            yield from _walk(
                folder / entry.name, relative + "/", tuple(rest), parts + groups.groups()
            )
        elif not rest and entry.is_file():
            yield Match(folder / entry.name, relative, parts + groups.groups())


def _any_folders(
    folder: Path, above: str, rest: tuple[str, ...], parts: tuple[str, ...], passed: str
) -> Iterator[Match]:
    """Try the rest of a pattern here and in every folder below; `passed` is what `**` stands for."""
    yield from _walk(folder, above, rest, (*parts, passed))
    for entry in _entries(folder):
        if entry.is_dir() and not entry.name.startswith("."):
            deeper = f"{passed}/{entry.name}".removeprefix("/")
            yield from _any_folders(
                folder / entry.name, f"{above}{entry.name}/", rest, parts, deeper
            )


def _component(text: str) -> re.Pattern[str]:
    """Compile one path component with a group per wildcard."""
    pieces = {"*": "(.+?)", "?": "(.)"}
    split = re.split(r"(\*|\?)", text)
    return re.compile("".join(pieces.get(piece) or re.escape(piece) for piece in split), re.DOTALL)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """List a folder by name, or say that it may not be read."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise FileReadError(
            f"expected a folder that may be read; got: {error.strerror or error}",
            where=folder,
            do="give yourself the right to read it, or leave it out of the pattern",
        ) from error
