"""What several splitters have in common in the recipe: a share put aside, whole sites put aside, an outer fold."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

FoldCount = Annotated[int, Field(ge=2)]
Metres = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Strata = tuple[str, ...]


class OuterConfig(BaseModel):
    """The outer loop of nested cross-validation: one outer fold is put aside, the folds are made of the rest.

    A sweep over `split.outer.fold` is the whole of it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    n_folds: FoldCount | None = None
    """Number of outer folds; null takes that of the inner ones. Fixed folds and single sites bring their own."""

    fold: int = Field(default=0, ge=0)
    """The outer fold that is put aside."""

    table: bool = False
    """Whether all outer folds with their inner folds are written to `audit/nested.csv`."""


class Parted(BaseModel):
    """What every splitter that makes folds has in common."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    holdout: float = Field(default=0.0, ge=0, lt=1)
    """Share of the samples that are put aside before the folds are made, and that no fold ever sees: whole groups,
    blocks or sites where the splitter keeps them whole, the latest samples where it splits by time."""

    holdout_sites: tuple[str, ...] = ()
    """Sites that are put aside instead of a share: values of `site`, or of the splitter's own `column`."""

    outer: OuterConfig | None = None
    """Nested cross-validation: the outer fold that is put aside instead of a share."""

    train_only: dict[str, tuple[str | int | float | bool, ...]] = {}
    """Column -> values: samples that have one train, but are never held out or put aside, such as {tier: [2]} for
    labels of a worse kind. They train no fold that would have held them out, so that places stay apart."""

    @model_validator(mode="after")
    def _one_aside(self) -> Parted:
        given = [name for name in ("holdout", "holdout_sites", "outer") if getattr(self, name)]
        faults = [f"expected one of holdout, holdout_sites and outer; got {' and '.join(given)}"]
        faults = (faults if len(given) > 1 else []) + outer_faults(
            self.outer, getattr(self, "n_folds", None)
        )
        if faults:
            raise ValueError("; ".join(faults))
        return self


class Grouped(Parted):
    """What every splitter that keeps groups whole has in common."""

    buffer_m: Metres = 0.0
    """Least distance on the ground between what is held out and what trains that fold, m, footprint to footprint:
    nearer samples are barred from that fold's training. Near those put aside, samples are not used at all."""


def outer_faults(outer: OuterConfig | None, n_folds: int | None) -> list[str]:
    """Say what is wrong with an outer fold, given the number of inner ones (None: not known before the split)."""
    count = (outer.n_folds or n_folds) if outer is not None else None
    if outer is None or count is None or outer.fold < count:
        return []
    return [f"outer: expected a fold from 0 to {count - 1}; got {outer.fold}"]
