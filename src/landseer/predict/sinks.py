"""Finished strips of a scene become files: what is kept of a strip, and the files that take it, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from landseer.core.classes import IGNORE, ClassTable
from landseer.predict.calibrated import CALIBRATED
from landseer.predict.ensemble import ENTROPY, Ensemble
from landseer.predict.inputs import Job
from landseer.predict.map import CLASSES, PROBABILITY
from landseer.predict.mixing import from_mix
from landseer.predict.options import PredictOptions
from landseer.predict.spec import ModelSpec
from landseer.predict.strips import Strip
from landseer.raster.cog import CogWriter
from landseer.raster.levels import TILE_PX
from landseer.raster.read import RasterInfo

Arrays = dict[str, NDArray[Any]]
_LEAST = 1e-12
_PER_CENT = 100
_PIECE_PX = 64


@dataclass(frozen=True, slots=True)
class Product:
    """One file of an image.

    Attributes:
        path: where it goes.
        dtype, count, nodata, names: of its bands.
        options: more of what `CogWriter` takes.
        make: finished averages -> (count, h, w), nodata outside the data not yet in.
    """

    path: Path
    dtype: str
    count: int
    nodata: float | None
    names: tuple[str, ...]
    make: Callable[[Mapping[str, NDArray[np.float32]]], NDArray[Any]]
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def outside(self) -> float:
        """What stands where there are no data: 0 where nothing is declared as missing."""
        return 0.0 if self.nodata is None else self.nodata


class Sinks:
    """All files of one image, whether it is predicted in windows or in one piece.

    Args:
        job: where they go.
        ensemble: it decides masks.
        spec: names and colours of classes.
        options: which files, and how they are written.
    """

    def __init__(
        self, job: Job, ensemble: Ensemble, spec: ModelSpec, options: PredictOptions
    ) -> None:
        self.job, self._ensemble, self._spec, self._options = job, ensemble, spec, options
        self.products = dict(self._products())
        self._writers: dict[str, CogWriter] = {}

    @property
    def block_bytes(self) -> int:
        """The bytes of the largest block that is written."""
        sizes = [p.count * np.dtype(p.dtype).itemsize for p in self.products.values()]
        return TILE_PX**2 * max(sizes, default=0)

    def keep(self, strip: Strip, valid: NDArray[np.bool_], *, is_mixed: bool = True) -> Arrays:
        """Return what the files take of a strip, nodata where there are no data.

        Args:
            strip: finished averages.
            valid: (h, w), where there are data.
            is_mixed: whether they are averages of windows, as `to_mix` makes them, or values as they are.
        """
        kept: Arrays = {
            name: np.empty((product.count, *valid.shape), product.dtype)
            for name, product in self.products.items()
        }
        for rows in _pieces(strip.height):
            planes = {name: values[:, rows] for name, values in strip.values.items()}
            values = self._unmixed(planes) if is_mixed else planes
            for name, made in self._keep(values, valid[rows]).items():
                kept[name][:, rows] = made
        return kept

    def nothing(self, height: int, width: int) -> Arrays:
        """Return what the files take of (h, w) pixels without data."""
        return {
            name: np.full((product.count, height, width), product.outside, product.dtype)
            for name, product in self.products.items()
        }

    def _unmixed(self, mixed: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Return values again from averages of windows."""
        quantities, blend = self._ensemble.quantities, self._options.blend
        return {name: from_mix(quantities.get(name), one, blend) for name, one in mixed.items()}

    def _keep(self, values: Mapping[str, NDArray[np.float32]], valid: NDArray[np.bool_]) -> Arrays:
        """Return what the files take of a few rows."""
        kept: Arrays = {}
        values = {**values, **self._calibrated(values)}
        for name, product in self.products.items():
            made = product.make(values)
            kept[name] = (
                made
                if valid.all()
                else np.where(valid, made, np.asarray(product.outside, made.dtype))
            )
        return kept

    def _calibrated(
        self, values: Mapping[str, NDArray[np.float32]]
    ) -> dict[str, NDArray[np.float32]]:
        """Return the probabilities of the class mask that are to be written, where any are."""
        target = self._spec.mask
        if target is None or not self._options.writes_calibrated:
            return {}
        planes = {name: torch.from_numpy(one)[None] for name, one in values.items()}
        return {CALIBRATED: self._ensemble.calibrated(planes, target)[0].numpy()}

    def open(self, stack: ExitStack, info: RasterInfo, scratch: Path | None) -> None:
        """Open the files; they get their names when the stack is left without an error, the class map last."""
        for name, product in reversed(self.products.items()):  # a stack is left from its end
            writer = CogWriter(
                product.path,
                width=info.width,
                height=info.height,
                count=product.count,
                dtype=product.dtype,
                crs=info.crs,
                transform=info.transform,
                nodata=product.nodata,
                descriptions=product.names,
                tags=self.job.tags,
                scratch=scratch,
                **product.options,
            )
            self._writers[name] = stack.enter_context(writer)

    def write(self, row: int, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write a strip into all files."""
        for name, writer in self._writers.items():
            writer.write(row, arrays[name])

    def _products(self) -> list[tuple[str, Product]]:
        """List the files, the class map last: where it is, all are."""
        found: list[tuple[str, Product]] = []
        masks: list[tuple[str, Product]] = []
        for name, quantity in self._ensemble.quantities.items():
            if quantity.kind == "mask":
                masks = [*self._of_mask(name), (CLASSES, self._classes(name))]
            elif quantity.extent == "dense":
                found.append((name, self._values(name, quantity.n_outputs)))
        return [*found, *masks]

    def _classes(self, target: str) -> Product:
        """The class map."""

        def make(values: Mapping[str, NDArray[np.float32]]) -> NDArray[Any]:
            decided = self._ensemble.decide(torch.from_numpy(values[target])[None], target)
            return decided.numpy()

        marks = self._options.nodata == "mark"
        nodata = float(IGNORE) if marks else None
        options = class_options(self._spec.classes)
        return Product(self.job.output, "uint8", 1, nodata, ("class",), make, options)

    def _of_mask(self, target: str) -> list[tuple[str, Product]]:
        """The probabilities and the uncertainties of a class mask, where they are asked for."""
        found: list[tuple[str, Product]] = []
        if self._options.probabilities:
            found.append((PROBABILITY, self._probability()))
        for name in self._options.uncertainty:
            make = partial(_unsure, name=name, target=target)
            path = self.job.uncertainty(name)
            found.append((name, Product(path, "float32", 1, float("nan"), (name,), make)))
        return found

    def _probability(self) -> Product:
        """The probabilities of all classes but the first."""
        names = self._spec.classes.names[1:]
        if self._options.probability_dtype == "uint8":

            def shares(values: Mapping[str, NDArray[np.float32]]) -> NDArray[Any]:
                return np.rint(_PER_CENT * np.nan_to_num(values[CALIBRATED][1:])).astype(np.uint8)

            nodata = float(IGNORE)
            return Product(self.job.probability, "uint8", len(names), nodata, names, shares)
        return Product(
            self.job.probability,
            "float32",
            len(names),
            float("nan"),
            names,
            lambda v: v[CALIBRATED][1:],
        )

    def _values(self, target: str, count: int) -> Product:
        """The map of another dense target."""
        layers = self._spec.targets[target].layers or (target,)
        names = layers if len(layers) == count else tuple(f"{target}_{i}" for i in range(count))
        path = self.job.values[target]
        return Product(path, "float32", count, float("nan"), names, lambda v: v[target])


def class_options(classes: ClassTable) -> dict[str, Any]:
    """Return what a file of classes says of them, as `CogWriter` takes it: names and, where there are any, colours."""
    options = {"category_names": dict(enumerate(classes.names))}
    return options | ({"colour_table": dict(enumerate(classes.colours))} if classes.colours else {})


def _pieces(height: int) -> Iterator[slice]:
    """Cut rows into pieces, so that what is made of them on the way takes little memory."""
    for row in range(0, height, _PIECE_PX):
        yield slice(row, min(row + _PIECE_PX, height))


def _unsure(
    values: Mapping[str, NDArray[np.float32]], *, name: str, target: str
) -> NDArray[np.float32]:
    """Return a map of uncertainty of a class mask among finished averages."""
    return uncertainty_of(name, values[target], values.get(ENTROPY), values.get(CALIBRATED))


def uncertainty_of(
    kind: str,
    probability: NDArray[np.float32],
    entropies: NDArray[np.float32] | None,
    calibrated: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Return `entropy_of` calibrated probabilities, or `disagreement_of` the others, as `kind` says."""
    if kind == "entropy":
        return entropy_of(probability if calibrated is None else calibrated)
    return disagreement_of(probability, entropies)


def entropy_of(probability: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the entropy of averaged probabilities as a share of the greatest possible.

    Args:
        probability: (C, h, w).

    Returns:
        (1, h, w) in [0, 1]: 0 is sure, 1 knows nothing.
    """
    known = np.clip(probability, _LEAST, 1)
    total = -(known * np.log(known)).sum(axis=0, keepdims=True) / np.log(len(probability))
    return np.clip(total, 0, 1).astype(np.float32)


def disagreement_of(
    probability: NDArray[np.float32], entropies: NDArray[np.float32] | None
) -> NDArray[np.float32]:
    """Return how far members disagree: the entropy of their average less the average of their entropies.

    Args:
        probability: (C, h, w) averaged over members.
        entropies: (1, h, w) average over members of each one's entropy, as a share of the greatest possible.

    Returns:
        (1, h, w) in [0, 1]: 0 where all members say the same, however unsure they are.

    Source: mutual information of prediction and member, Houlsby et al. 2011, arXiv:1112.5745.
    """
    own = np.zeros_like(probability[:1]) if entropies is None else entropies
    return np.clip(entropy_of(probability) - own, 0, 1).astype(np.float32)
