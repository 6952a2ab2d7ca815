"""Which parameters of a search mattered."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from landseer.tune.optuna_library import optuna, without_advice
from landseer.tune.space import Search, parameters_of
from landseer.tune.trials import Result

FEWEST = 4
"""Done trials from which importance says anything."""


def importance_of(search: Search, results: Sequence[Result], seed: int = 0) -> dict[str, float]:
    """Return the share of the scores' variance that each parameter explains, the greatest first.

    Args:
        search: ranges by key.
        results: trials; those that are done count.
        seed: of the forest.

    Edges: {} for fewer than `FEWEST` done trials, or where all have one score.

    Source: fANOVA, Hutter, Hoos and Leyton-Brown 2014 (https://proceedings.mlr.press/v32/hutter14.html).
    """
    done = [one for one in results if one.state == "done" and math.isfinite(one.value)]
    if len(done) < FEWEST or len({one.value for one in done}) < 2:
        return {}
    distributions = {one.name: _distribution(one) for one in parameters_of(search)}
    copy = optuna.create_study(direction="maximize")
    for one in done:
        copy.add_trial(
            optuna.create_trial(params=one.parameters, distributions=distributions, value=one.value)
        )
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=seed)
    with without_advice():
        found = optuna.importance.get_param_importances(copy, evaluator=evaluator)
    return {name: float(share) for name, share in found.items()}


def _distribution(one: Any) -> Any:
    """Return what Optuna calls the range of a parameter."""
    if one.numbers is None:
        return optuna.distributions.CategoricalDistribution(one.options)
    if one.numbers.is_whole:
        return optuna.distributions.IntDistribution(
            one.numbers.low, one.numbers.high, one.numbers.log, one.numbers.step or 1
        )
    return optuna.distributions.FloatDistribution(
        one.numbers.low, one.numbers.high, one.numbers.log, one.numbers.step
    )
