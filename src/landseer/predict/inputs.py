"""Which files to predict, and where each map goes."""

from __future__ import annotations

import glob
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from landseer.core.address import file_of, split_address
from landseer.errors import FileReadError, UsageError
from landseer.predict.spec import Naming
from landseer.predict.stac_input import ITEM_SUFFIXES, image_of_item

SUFFIXES = (".tif", ".tiff", ".png", ".jpg", ".jpeg", ".jp2", ".j2k", ".vrt")
"""File endings taken from a folder."""

TAG = "LANDSEER_KEY"
"""Name under which the metadata of a map hold the key of its job."""


@dataclass(frozen=True, slots=True)
class Image:
    """One image, a file or an address of a window in one, and the name that its files are called by."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class Job:
    """One image and the files it becomes.

    Attributes:
        image: the image.
        output: its class map; not written where the model has none.
        values: maps of other targets, by target.
        numbers: what is predicted of the image as a whole.
        key: all that its maps depend on, see `key.keyed`; empty where it does not matter.
    """

    image: Path
    output: Path
    values: Mapping[str, Path] = field(default_factory=dict)
    numbers: Path | None = None
    key: str = ""

    @property
    def tags(self) -> dict[str, str]:
        """Metadata of its maps."""
        return {TAG: self.key} if self.key else {}

    @property
    def probability(self) -> Path:
        """Where its probabilities go."""
        return self.output.with_name(f"{self.output.stem}_probability.tif")

    def uncertainty(self, name: str) -> Path:
        """Where a map of uncertainty goes, `entropy` or `disagreement`."""
        return self.output.with_name(f"{self.output.stem}_{name}.tif")


def find_images(inputs: Iterable[Path | str], naming: Naming) -> tuple[Image, ...]:
    """Expand files, addresses, STAC items, folders and globs into images.

    Args:
        inputs: files are taken as they are, and so are windows of them (`FILE#row,col,height,width`); JSON files are
            STAC items; folders give the image files in them (not below) whose stem ends with `naming.strip` if any
            does, else all; strings with `*`, `?` or `[` are globs.
        naming: its `strip` tells images from other files of the same folder.

    Returns:
        Images without repeats, each input's sorted by path. They are named by their stem, windows also by their first
        row and column, items by their id.

    Raises:
        FileReadError: an input does not exist or holds no image; where its subfolders do, it names their pattern.
        DataError: a JSON file is no STAC item, or one with several images.
    """
    found: dict[Image, None] = {}
    for item in inputs:
        files = _expand(item, naming)
        if not files:
            raise FileReadError(
                f"expected image files ({', '.join(SUFFIXES)}); got none",
                where=item,
                do=_remedy(Path(item)),
            )
        found.update(dict.fromkeys(_image(file, naming) for file in files))
    if not found:
        raise FileReadError("expected at least one image; got none")
    return tuple(found)


def plan_jobs(
    images: Iterable[Image],
    out: Path,
    naming: Naming,
    values: Sequence[str] = (),
    *,
    mask: bool = True,
    numbers: bool = False,
) -> tuple[Job, ...]:
    """Name each image's files.

    Args:
        images: what is predicted.
        out: the folder.
        naming: how files are named.
        values: targets besides the class mask that become maps.
        mask: whether there is a class map.
        numbers: whether there is anything of the image as a whole.

    Raises:
        UsageError: two images or targets would write the same file, or a file would overwrite its image.
    """
    folder = Path(out)
    jobs = tuple(
        Job(
            image.path,
            folder / naming.output(image.name),
            {target: folder / naming.value(image.name, target) for target in values},
            folder / naming.number(image.name) if numbers else None,
        )
        for image in images
    )
    by_output: defaultdict[Path, list[Path]] = defaultdict(list)
    for job in jobs:
        files = [path.resolve() for path in _files(job, mask=mask)]
        for path in files:
            by_output[path].append(job.image)
        if file_of(job.image).resolve() in files:
            raise UsageError(
                "expected an output that is not its own input",
                where=job.image,
                do="choose another output folder or another name pattern",
            )
    clashes = [
        f"{path.name} from {', '.join(map(str, paths))}"
        for path, paths in by_output.items()
        if len(paths) > 1
    ]
    if clashes:
        raise UsageError(
            f"expected one output per image; {len(clashes)} names clash: {'; '.join(clashes[:3])}",
            do="predict the folders one by one into different output folders, or name files otherwise",
        )
    return jobs


def _files(job: Job, *, mask: bool) -> list[Path]:
    """List what a job may write."""
    classes = [job.output, job.probability] if mask else []
    return [*classes, *job.values.values(), *([] if job.numbers is None else [job.numbers])]


def _expand(item: Path | str, naming: Naming) -> list[Path]:
    """Expand one input."""
    path = Path(item)
    if path.is_dir():
        images = sorted(child for child in path.iterdir() if _is_image(child))
        named = [image for image in images if naming.strip and image.stem.endswith(naming.strip)]
        return named or images
    if file_of(path).exists():
        return [path]
    if glob.has_magic(str(item)):
        matches = glob.glob(str(item), recursive=True)  # noqa: PTH207 - Path.glob takes no absolute patterns
        return sorted(path for path in map(Path, matches) if path.is_file())
    raise FileReadError("expected a file, a folder or a glob; there is no such path", where=item)


def _remedy(folder: Path) -> str:
    """Say how to name the images below a folder that holds none itself; "" where there are none."""
    found = [path.relative_to(folder) for path in folder.rglob("*") if _is_image(path)]
    seen = [path for path in found if not any(part.startswith(".") for part in path.parts)]
    if not seen:
        return ""
    depths = {len(path.parts) - 1 for path in seen}
    stars = "*/" * depths.pop() if len(depths) == 1 else "**/"
    ending, _ = Counter(path.suffix for path in sorted(seen)).most_common(1)[0]
    return f'give the pattern "{glob.escape(str(folder))}/{stars}*{ending}"'


def _image(path: Path, naming: Naming) -> Image:
    """Name an image; find that of a STAC item."""
    file, window = split_address(path)
    if file.suffix.lower() in ITEM_SUFFIXES:
        name, image = image_of_item(file)
        return Image(image, name)
    name = file.stem
    return Image(
        path, name if window is None else f"{naming.id_of(name)}_{window.row}_{window.col}"
    )


def _is_image(path: Path) -> bool:
    """Whether a folder's file counts as an image."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
