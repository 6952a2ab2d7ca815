"""MLflow: its client alone, our names alone; nothing is logged by itself and nothing is sent home."""

from __future__ import annotations

import logging
import os
import re
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from landseer.errors import UsageError
from landseer.track.sink import Entry, without_password

_MOST_TEXT, _MOST_NAME, _BATCH = 6000, 250, 100
_GONE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
"""What MLflow says of a run that is not there, or was deleted."""

_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "15",
}
"""Set before MLflow is imported, where they are not set: no telemetry, and no minutes of waiting for a dead server."""


class MlflowSink:
    """MLflow as a tracker.

    Args:
        uri: of a server or store, e.g. `sqlite:////home/me/runs/mlflow.db`.
        experiment: its name; made where there is none.
        artifacts: folder of kept files of an experiment that is made here; None leaves it to the server.

    Raises:
        UsageError: MLflow is not installed.
    """

    name = "mlflow"

    def __init__(self, uri: str, experiment: str, artifacts: Path | None = None) -> None:
        self.where = without_password(f"{uri} {experiment}")
        self._uri, self._experiment, self._artifacts = uri, experiment, artifacts
        self._entities = _import()
        self._client: Any = None
        self._experiment_id = ""

    def begin(self, entry: Entry, known: str | None) -> str:
        """Open a run, or an earlier one again, and return its id."""
        with _quiet():
            self._connect()
            if known is not None and self._resume(entry, known):
                return known
            tags = dict(entry.tags)
            if entry.parent is not None:
                tags["mlflow.parentRunId"] = entry.parent
            run = self._client.create_run(self._experiment_id, tags=tags, run_name=entry.title)
            self._log_parameters(run.info.run_id, entry.parameters)
            return str(run.info.run_id)

    def log(self, run: str, figures: Mapping[str, float], step: int) -> None:
        """Show figures of an epoch."""
        now = int(time.time() * 1000)
        metrics = [
            self._entities.Metric(plain_name(name), value, now, step)
            for name, value in figures.items()
        ]
        with _quiet():
            for start in range(0, len(metrics), _BATCH):
                self._client.log_batch(run, metrics=metrics[start : start + _BATCH])

    def keep(self, run: str, path: Path, folder: str) -> None:
        """Keep a copy of a file in a folder of the run."""
        with _quiet():
            self._client.log_artifact(run, str(path), folder or None)

    def end(self, run: str, *, failed: bool = False) -> None:
        """Close a run."""
        with _quiet():
            self._client.set_terminated(run, "FAILED" if failed else "FINISHED")

    def _connect(self) -> None:
        """Open the store and find the experiment; two processes may do so at once."""
        if self._client is not None:
            return
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException

        client = MlflowClient(tracking_uri=self._uri)
        found = client.get_experiment_by_name(self._experiment)
        if found is None:
            place = self._artifacts.absolute().as_uri() if self._artifacts is not None else None
            try:
                self._experiment_id = client.create_experiment(self._experiment, place)
            except MlflowException:
                found = client.get_experiment_by_name(self._experiment)
                if found is None:
                    raise
        if found is not None:
            self._experiment_id = found.experiment_id
        self._client = client

    def _resume(self, entry: Entry, run: str) -> bool:
        """Open an earlier run again, where it is still there.

        Parameters never change in MLflow: new values become tags.
        """
        from mlflow.exceptions import MlflowException

        try:
            self._client.update_run(run, status="RUNNING")
            known = self._client.get_run(run).data.params
        except MlflowException as error:
            if error.error_code in _GONE:
                return False
            raise
        wanted = {plain_name(k)[:_MOST_NAME]: _text(v) for k, v in entry.parameters.items()}
        self._log_parameters(run, {k: v for k, v in wanted.items() if k not in known})
        for key, value in wanted.items():
            if key in known and known[key] != value:
                self._client.set_tag(run, f"changed.{key}", value)
        return True

    def _log_parameters(self, run: str, parameters: Mapping[str, str]) -> None:
        """Write parameters as far as MLflow takes them."""
        params = [
            self._entities.Param(plain_name(key)[:_MOST_NAME], _text(value))
            for key, value in parameters.items()
        ]
        for start in range(0, len(params), _BATCH):
            self._client.log_batch(run, params=params[start : start + _BATCH])


def plain_name(name: str) -> str:
    """Return a figure's name in the letters that MLflow takes."""
    return re.sub(r"[^\w\-. :/]", "_", name)


def _text(text: str) -> str:
    """Cut a text that is too long."""
    return text if len(text) <= _MOST_TEXT else text[: _MOST_TEXT - 1] + "…"


def _import() -> Any:
    """Import MLflow's entities."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        with _quiet():
            from mlflow import entities
    except ImportError as error:
        raise UsageError(
            f"expected MLflow for track.mlflow; it is not installed: {error}",
            where="track.mlflow",
            do="pip install 'landseer[mlflow]'",
        ) from error
    return entities


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep MLflow's and its libraries' advice off the screen."""
    loggers = [logging.getLogger(name) for name in ("mlflow", "alembic")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
