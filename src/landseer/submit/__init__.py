"""What leaves the house: archives for contests, official scores, and pictures to look at first."""

from landseer.submit.kelp import Submission, pack_kelp, verify_submission
from landseer.submit.score import METRICS, Metric, ScoreResult, score_paths

SUBMITTERS = {"kelp": pack_kelp}
"""What packs a contest's archive, by the contest's name."""

__all__ = [
    "METRICS",
    "SUBMITTERS",
    "Metric",
    "ScoreResult",
    "Submission",
    "pack_kelp",
    "score_paths",
    "verify_submission",
]
