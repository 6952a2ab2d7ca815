"""What leaves the house: archives for contests, official scores, and pictures to look at first."""

from collections.abc import Callable

from landseer.submit.geopose import GeoposeSubmission, pack_geopose, verify_geopose
from landseer.submit.kelp import Submission, pack_kelp, verify_submission
from landseer.submit.opencities import pack_opencities, verify_opencities
from landseer.submit.pose_figures import PoseScore
from landseer.submit.score import METRICS, Metric, ScoreResult, score_paths
from landseer.submit.score_pose import PoseMetric, score_poses

SUBMITTERS: dict[str, Callable[..., Submission | GeoposeSubmission]] = {
    "kelp": pack_kelp,
    "geopose": pack_geopose,
    "opencities": pack_opencities,
}
"""What packs a contest's archive, by the contest's name."""

__all__ = [
    "METRICS",
    "SUBMITTERS",
    "GeoposeSubmission",
    "Metric",
    "PoseMetric",
    "PoseScore",
    "ScoreResult",
    "Submission",
    "pack_geopose",
    "pack_kelp",
    "pack_opencities",
    "score_paths",
    "score_poses",
    "verify_geopose",
    "verify_opencities",
    "verify_submission",
]
