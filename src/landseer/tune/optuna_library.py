"""Optuna, or what to install where it is missing."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from landseer.errors import UsageError

try:
    import optuna
    from optuna.storages.journal import JournalFileBackend
    from optuna.trial import FrozenTrial, TrialState
except ImportError as error:
    raise UsageError(
        "expected Optuna for tuning; it is not installed", do="pip install 'landseer[tune]'"
    ) from error

__all__ = ["FrozenTrial", "JournalFileBackend", "TrialState", "optuna", "without_advice"]


@contextmanager
def without_advice() -> Iterator[None]:
    """Keep warnings about experimental parts of Optuna off the screen."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
        yield
