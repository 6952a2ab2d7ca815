"""The rest of the data set: which images differ from nearly all others in pixel type, number of bands, or size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from landseer.audit.examined import Examined
from landseer.raster.read import RasterInfo
from landseer.samples.findings import KEPT, Finding

REST_SHARE = 0.8
"""Share of images that must agree before the others are said to differ from the rest."""

_SHOWN = 5


def compare_with_rest(samples: Sequence[Examined]) -> list[Finding]:
    """Report images that differ from the rest, each at its sample.

    A training image with a label or a reference is left out where its pixels are whole numbers and those of the rest
    are decimals, or the other way round: the channels' statistics cannot be counted over both.

    Args:
        samples: what was read; findings go into their verdicts.

    Returns:
        One finding per property on which fewer than `REST_SHARE` of the images agree: then there is no rest.

    Edges: images that are left out already do not count.

    Source: own.
    """
    used = [one for one in samples if one.info is not None and one.verdict.excluded is None]
    general: list[Finding] = []
    for what, value in _PROPERTIES.items():
        values = [value(one.info) for one in used if one.info is not None]
        counts = Counter(values)
        if len(counts) < 2:
            continue
        common, n_common = counts.most_common(1)[0]
        if n_common < REST_SHARE * len(used):
            general.append(_no_rest(what, counts))
            continue
        rest = f"{n_common} of {len(used)} images have {common}"
        for one, own in zip(used, values, strict=True):
            if own != common:
                _report(one, what, f"{own}; {rest}", own, common)
    return general


def _report(one: Examined, what: str, figure: str, own: str, common: str) -> None:
    """Report one image, and leave it out where it cannot be used with the rest."""
    if what == _DTYPE and one.is_trained_on and _is_decimal(own) != _is_decimal(common):
        one.verdict.exclude(one.image_path, what, figure)
    else:
        one.verdict.note(one.image_path, "", what, figure)


def _no_rest(what: str, counts: Counter[str]) -> Finding:
    """Say that images are of several kinds."""
    shown = ", ".join(f"{value} ({count} images)" for value, count in counts.most_common(_SHOWN))
    more = f" and {len(counts) - _SHOWN} more" if len(counts) > _SHOWN else ""
    return Finding("", "", "", _SEVERAL[what], shown + more, KEPT)


def _is_decimal(dtype: str) -> bool:
    """Tell whether a pixel type holds decimals."""
    return dtype.startswith(("float", "complex"))


_DTYPE = "image has another pixel type than the rest"
_COUNT = "image has another number of bands than the rest"
_SIZE = "image has another size than the rest"

_PROPERTIES: dict[str, Callable[[RasterInfo], str]] = {
    _DTYPE: lambda info: info.dtype,
    _COUNT: lambda info: f"{info.count} bands",
    _SIZE: lambda info: f"{info.height} x {info.width} px (rows x columns)",
}

_SEVERAL = {
    _DTYPE: "images of several pixel types",
    _COUNT: "images with several numbers of bands",
    _SIZE: "images of several sizes",
}
"""What is said where there is no rest to differ from."""
