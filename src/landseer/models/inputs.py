"""The plan of a model's inputs: which bands it reads, which channels they become, which formulas it needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from landseer.core.bands import Band, select_bands
from landseer.errors import BandError, FormulaError
from landseer.models.config import PreprocessConfig
from landseer.spectral.formula import Formula
from landseer.spectral.resolve import ResolvedIndex, resolve


@dataclass(frozen=True, slots=True)
class InputPlan:
    """What is read, and what is made of it.

    Attributes:
        bands: bands of the raw tensor, in its order: those that are channels, then those that only formulas use.
        n_band_channels: how many of them are channels.
        indices: spectral indices that are channels, after the bands.
        valid: pixels where it holds count for statistics; None: all.
        keep: pixels where it holds keep their indices; None: all.
    """

    bands: tuple[Band, ...]
    n_band_channels: int
    indices: tuple[ResolvedIndex, ...]
    valid: Formula | None
    keep: Formula | None

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels, in order."""
        own = tuple(band.name for band in self.bands[: self.n_band_channels])
        return own + tuple(index.name for index in self.indices)

    @property
    def channel_codes(self) -> dict[str, tuple[str, ...]]:
        """Band codes by channel name, in channel order; indices have none."""
        codes = {band.name: band.codes for band in self.bands}
        return {name: codes.get(name, ()) for name in self.channels}


def plan_inputs(config: PreprocessConfig, bands: Sequence[Band]) -> InputPlan:
    """Plan the inputs of a model.

    Args:
        config: recipe key `inputs`.
        bands: all bands of the data set.

    Raises:
        BandError: a band that should be a channel is not in the data set, or its name is another's code.
        FormulaError: an index or a formula is unknown, malformed, or needs a band that is not there.
    """
    own = select_bands(bands, config.bands)
    indices = tuple(resolve(config.indices, config.formulas, bands))
    valid = _condition("valid", config.valid, bands)
    keep = _condition("keep_index_where", config.keep_index_where, bands)
    by_name = _bands_by_name(bands)
    formulas = [index.formula for index in indices] + [f for f in (valid, keep) if f is not None]
    needed = {by_name[name].name for formula in formulas for name in formula.names}
    others = tuple(band for band in bands if band.name in needed and band not in own)
    return InputPlan((*own, *others), len(own), indices, valid, keep)


def _bands_by_name(bands: Sequence[Band]) -> dict[str, Band]:
    """Return the bands by every name that a formula may use."""
    found: dict[str, Band] = {}
    for band in bands:
        for name in (band.name, *band.codes):
            found.setdefault(name, band)
    mistaken = [band.name for band in bands if found[band.name] is not band]
    if mistaken:
        raise BandError(
            f"expected names that no other band has as name or code; got {', '.join(mistaken)}",
            do="rename the band",
        )
    return found


def _condition(key: str, text: str | None, bands: Sequence[Band]) -> Formula | None:
    """Parse a condition of the recipe and make sure that its bands are there."""
    if text is None:
        return None
    formula = Formula.parse(text)
    unknown = sorted(formula.names - set(_bands_by_name(bands)))
    if unknown:
        raise FormulaError(
            f"expected bands of the data ({', '.join(band.name for band in bands)}); got {', '.join(unknown)}",
            where=f"inputs.{key}: {text}",
        )
    if not formula.is_condition:
        raise FormulaError(
            f"expected a condition, such as `qa == 0`; got numbers from {text!r}",
            where=f"inputs.{key}",
        )
    return formula
