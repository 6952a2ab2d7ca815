"""The parts of a selection, read from the evidence: scores, folds, members, comparisons, curves, notes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from landseer.metrics.confusion import Matrix
from landseer.metrics.scores import score
from landseer.select.config import SelectConfig
from landseer.select.crossfit import Candidate, Choice, pooled
from landseer.select.evidence import Evidence
from landseer.select.judged import Judged
from landseer.select.options import option_scores
from landseer.select.selection import (
    Comparison,
    Curve,
    FoldScore,
    MemberWeight,
    MixPart,
    OptionScore,
)
from landseer.select.sets import parse_set
from landseer.select.shares import equal_shares, rank_weights, score_weights, single_shares
from landseer.select.tally import Tally, keep_samples

Weights = dict[tuple[int, int], float]


def describe_members(evidence: Evidence, final: Choice) -> tuple[MemberWeight, ...]:
    """Score each member alone on its fold at the final option, and weigh it."""
    option = evidence.judge.options.index(final.option)
    folds, seeds = evidence.fold_numbers, evidence.judged.seeds
    scores: Weights = {}
    for seed, shares in zip(seeds, single_shares(len(seeds)), strict=True):
        sums = evidence.tally.part_sums[Candidate(final.candidate.tta, shares)][:, option]
        by_fold = sums if len(folds) > 1 else sums.sum(0, keepdims=True)
        for fold, matrix in zip(folds, by_fold, strict=True):
            scores[fold, seed] = evidence.judge.value(matrix)
    weights = _weights(evidence, scores, final)
    return tuple(
        MemberWeight(fold=fold, seed=seed, weight=weights[fold, seed], score=value)
        for (fold, seed), value in sorted(scores.items())
    )


def _weights(evidence: Evidence, scores: Weights, final: Choice) -> Weights:
    """Turn scores or shares into weights."""
    if evidence.config.weights == "equal":
        return dict.fromkeys(scores, 1.0)
    if evidence.config.weights == "fold_score":
        return score_weights(scores)
    if evidence.config.weights == "rank":
        return rank_weights(scores)
    share = dict(zip(evidence.judged.seeds, final.candidate.shares, strict=True))
    return {(fold, seed): share[seed] for fold, seed in scores}


def describe_folds(
    evidence: Evidence, honest: Matrix, chosen: Sequence[Choice]
) -> tuple[FoldScore, ...]:
    """Say how each fold, or part of the only fold, was judged.

    Args:
        evidence: the parts.
        honest: (n, C, C) cross-fitted counts of each sample.
        chosen: one per part.
    """
    parts, names = evidence.judge.parts, evidence.judge.classes.names
    folds = evidence.fold_numbers
    numbers = folds if len(folds) > 1 else range(evidence.judge.n_parts)
    return tuple(
        FoldScore(
            fold=number,
            n_samples=int((parts == part).sum()),
            tta=chosen[part].candidate.tta,
            threshold=chosen[part].option,
            mix=_mix(evidence, chosen[part].candidate),
            scores=score(honest[parts == part].sum(0), names),
        )
        for part, number in enumerate(numbers)
    )


def _mix(evidence: Evidence, candidate: Candidate) -> tuple[MixPart, ...]:
    """Return the shares of the seeds, where they are not all the same."""
    if len(set(candidate.shares)) < 2:
        return ()
    shares = zip(evidence.judged.seeds, candidate.shares, strict=True)
    return tuple(
        MixPart(tta=candidate.tta, seed=seed, share=share) for seed, share in shares if share > 0
    )


def compare_choices(evidence: Evidence, tta: str) -> Iterator[Comparison]:
    """Judge each choice against doing without it, all else cross-fitted.

    Args:
        evidence: the counts.
        tta: the symmetries that were chosen.
    """
    allowed, judged = evidence.allowed, evidence.intervals
    with_threshold = evidence.decided([tta])
    if allowed != (None,):
        name = decision_name(evidence.config)
        greatest = evidence.cross_fitted([tta], (None,))
        yield judged.compare("threshold", (name, "argmax"), (with_threshold, greatest))
    base, *others = sorted(evidence.judged.oof, key=lambda name: name != "none")
    for other in others:
        one, without = (evidence.decided([name]) for name in (other, base))
        yield judged.compare("tta", (other, base), (one, without))
    if evidence.config.weights == "fitted" and len(evidence.judged.seeds) > 1:
        fitted = evidence.decided([tta], fitted=True)
        yield judged.compare("weights", ("fitted", "equal"), (fitted, with_threshold))


def describe_options(evidence: Evidence, tta: str) -> Iterator[OptionScore]:
    """Score every option of every choice, cross-fitted, against the simplest.

    Args:
        evidence: the counts.
        tta: the set of predictions that was chosen.
    """
    config, judged, allowed = evidence.config, evidence.judged, evidence.allowed
    intervals, n_seeds = evidence.intervals, len(evidence.judged.seeds)
    passes = {name: n_seeds * parse_set(name).cost(judged.n_epochs) for name in judged.oof}
    sets = {name: evidence.decided([name]) for name in judged.oof}
    yield from option_scores(intervals, "views", sets, passes, {tta})
    cost, equal = passes[tta], sets[tta]
    if config.weights == "fitted" and n_seeds > 1:
        fitted = evidence.decided([tta], fitted=True)
        members = {"equal": equal, "fitted": fitted}
        yield from option_scores(
            intervals, "members", members, dict.fromkeys(members, cost), {"fitted"}
        )
    if config.vote == "hard" and n_seeds > 1:
        soft = replace(evidence, tally=Tally(), config=config.model_copy(update={"vote": "soft"}))
        keep_samples(
            soft.tally, judged, soft.judge, [Candidate(tta, equal_shares(n_seeds))], soft.config
        )
        votes = {"soft": soft.cross_fitted([tta], allowed), "hard": equal}
        yield from option_scores(intervals, "vote", votes, dict.fromkeys(votes, cost), {"hard"})
    if allowed != (None,):
        name = decision_name(evidence.config)
        decisions = {"argmax": evidence.cross_fitted([tta], (None,))}
        if config.threshold == "cautious":
            decisions["tuned"] = evidence.cross_fitted([tta], allowed)
        decisions[name] = equal
        yield from option_scores(
            intervals, "decision", decisions, dict.fromkeys(decisions, cost), {name}
        )


def decision_name(config: SelectConfig) -> str:
    """Name the way in which a threshold of two classes is chosen."""
    if config.threshold == "cautious":
        return "cautious"
    return "tuned" if len(config.thresholds) > 1 else f"{config.thresholds[0]:g}"


def describe_curves(evidence: Evidence) -> tuple[Curve, ...]:
    """Return the pooled score at every threshold, under equal shares; none without thresholds."""
    thresholds = tuple(option for option in evidence.judge.options if option is not None)
    if not thresholds:
        return ()
    sums = pooled(evidence.part_sums(evidence.judged.oof, fitted=False))
    return tuple(
        Curve(
            tta=candidate.tta,
            thresholds=thresholds,
            values=tuple(map(float, evidence.judge.curve(matrices)[1:])),
        )
        for candidate, matrices in sums.items()
    )


def describe_limits(evidence: Evidence) -> tuple[str, ...]:
    """Say what these out-of-fold predictions cannot tell."""
    counts = next(iter(evidence.tally.part_sums.values()))
    undecided = evidence.judge.undecided(counts)
    return limits_of(evidence.judged, evidence.judge.n_parts, evidence.config, undecided)


def limits_of(
    judged: Judged, n_parts: int, config: SelectConfig, undecided: Sequence[int]
) -> tuple[str, ...]:
    """Say what out-of-fold predictions cannot tell.

    Args:
        judged: the samples.
        n_parts: between how many parts choices were cross-fitted.
        config: recipe key `select`.
        undecided: parts for which nothing could be chosen.
    """
    notes = list(judged.notes)
    n_folds, n_seeds = len(set(judged.folds)), len(judged.seeds)
    if n_parts == 1:
        notes.append("one group only: nothing could be cross-fitted; both scores are optimistic")
    elif n_folds == 1:
        notes.append("one fold only: its groups were dealt to parts that take the folds' place")
    if n_folds > 1:
        notes.append(
            f"each sample was judged by the {n_seeds} member(s) of its fold; the model averages {n_folds * n_seeds}"
        )
    names = sorted(set(judged.folds)) if n_folds > 1 else range(n_parts)
    for part in undecided:
        what = f"fold {names[part]}" if n_folds > 1 else f"part {names[part]}"
        notes.append(
            f"nothing could be chosen for {what}: {config.metric} is undefined on all others; the simplest judged it"
        )
    if config.weights in ("fold_score", "rank"):
        what = config.weights.replace("_", " ")
        notes.append(f"weights by {what} do not change out-of-fold scores and are not judged")
    return tuple(notes)
