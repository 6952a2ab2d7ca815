"""Statistics of bands and indices in one streaming pass: exact for integers, of known error for floats."""

from landseer.statistics.accumulate import ChannelStatistics
from landseer.statistics.moments import Moments
from landseer.statistics.stream import choose_step, compute_statistics
from landseer.statistics.summary import DEFAULT_LEVELS, ChannelSummary, Statistics

__all__ = [
    "DEFAULT_LEVELS",
    "ChannelStatistics",
    "ChannelSummary",
    "Moments",
    "Statistics",
    "choose_step",
    "compute_statistics",
]
