"""Where a study is kept: a file in its folder, or a database that several machines share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from landseer.errors import StageError, UsageError
from landseer.tune.config import POSTGRESQL
from landseer.tune.optuna_library import JournalFileBackend, optuna


def open_storage(url: str | None, log: Path) -> Any:
    """Open a database, or a file that a killed process may have left in the midst of a line."""
    if url is None:
        log.parent.mkdir(parents=True, exist_ok=True)
        _mend(log)
        return optuna.storages.JournalStorage(JournalFileBackend(str(log)))
    address = next(url.removeprefix(start) for start in POSTGRESQL if url.startswith(start))
    try:
        return optuna.storages.RDBStorage(
            f"postgresql+pg8000://{address}", engine_kwargs={"pool_pre_ping": True}
        )
    except ImportError as error:
        raise UsageError(
            f"expected SQLAlchemy and pg8000 for a database; {error}",
            where="tune.storage",
            do="pip install 'landseer[postgresql]'",
        ) from error


def close_storage(storage: Any) -> None:
    """Close the connections to a database."""
    if isinstance(storage, optuna.storages.RDBStorage):
        storage.remove_session()
        storage.engine.dispose()


def _mend(log: Path) -> None:
    """Take away the lock and the half line that a killed process may have left; the folder is this process's alone."""
    log.with_name(f"{log.name}.lock").unlink(missing_ok=True)
    if not log.exists():
        return
    with log.open("r+b") as file:
        content = file.read()
        file.truncate(content.rfind(b"\n") + 1)


@contextmanager
def reachable() -> Iterator[None]:
    """Say in plain words that a database cannot be reached."""
    try:
        yield
    except Exception as error:
        if not type(error).__module__.startswith(("sqlalchemy", "pg8000", "optuna.exceptions")):
            raise
        reason = " ".join(str(error.__cause__ or error).split())[:200]
        raise StageError(
            f"expected a database that keeps the study; got: {reason}",
            where="tune.storage",
            do="check address, name and password, and run the same command again: nothing is lost",
        ) from error
