"""Mirrors: plain files of a run shown by a tracker, epoch by epoch; what it missed is caught up on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning.pytorch as lightning

from landseer.core.files import read_json, write_json
from landseer.track.history import read_history
from landseer.track.sink import Entry, Guarded, Sink, figures_of, new_rows

STATE = "track.json"
"""What a folder remembers of its trackers: ids, and what was shown."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A folder of plain files as one run of one tracker.

    The file `track.json` remembers the tracker's id for the run, the last epoch shown and whether it is complete, so
    that a resumed training goes on in the same run of the tracker and shows no epoch twice.

    Attributes:
        folder: with `metrics.csv`, where there is one.
        guarded: the tracker.
        key: what the files come from; another one begins another run.
    """

    folder: Path
    guarded: Guarded
    key: str

    def begin(self, entry: Callable[[], Entry]) -> str | None:
        """Open the tracker's run, or the one of an earlier process again; None where the tracker failed."""
        known = self._state()
        same = known.get("key") == self.key and known.get("where") == self.guarded.sink.where
        begun: list[str] = []

        def act(sink: Sink) -> None:
            begun.append(sink.begin(entry(), str(known["run"]) if same else None))

        if not self.guarded.try_to(act):
            return None
        fresh = not same or known.get("run") != begun[0]
        state = {"sent": -1, "done": False} if fresh else known
        self._keep({**state, "run": begun[0], "key": self.key, "where": self.guarded.sink.where})
        return begun[0]

    def is_done(self, digest: str = "") -> bool:
        """Whether everything was shown, as `finish` with this digest did."""
        known = self._state()
        mine = {"done": True, "key": self.key, "where": self.guarded.sink.where, "digest": digest}
        return all(known.get(name) == value for name, value in mine.items())

    def catch_up(self, run: str) -> bool:
        """Show the epochs of `metrics.csv` that were not shown yet; say whether all were."""
        path = self.folder / "metrics.csv"
        rows = read_history(path) if path.exists() else []
        for row in new_rows(rows, int(self._state().get("sent", -1))):
            step = int(row["epoch"])
            if not self.guarded.try_to(lambda sink, r=row, s=step: sink.log(run, figures_of(r), s)):  # type: ignore[misc]
                return False
            self._keep({**self._state(), "sent": step})
        return True

    def finish(
        self,
        run: str,
        files: Mapping[Path, str],
        figures: Mapping[str, float],
        step: int,
        digest: str = "",
    ) -> bool:
        """Show the rest, keep files and close the run; say whether all of it was done.

        Args:
            run: the tracker's id.
            files: file -> folder of the tracker's run.
            figures: what is known at the end.
            step: the epoch that they belong to.
            digest: what the files hold, where they may change later.
        """

        def act(sink: Sink) -> None:
            if figures:
                sink.log(run, figures, step)
            for path, folder in files.items():
                sink.keep(run, path, folder)
            sink.end(run)

        if not self.catch_up(run) or not self.guarded.try_to(act):
            return False
        self._keep({**self._state(), "done": True, "digest": digest})
        return True

    def _state(self) -> dict[str, Any]:
        """Read what is remembered of this tracker."""
        return dict(_read(self.folder / STATE).get(self.guarded.sink.name, {}))

    def _keep(self, state: Mapping[str, Any]) -> None:
        """Remember something of this tracker."""
        path = self.folder / STATE
        write_json(path, {**_read(path), self.guarded.sink.name: dict(state)})


def _read(path: Path) -> dict[str, Any]:
    """Read what is remembered; a damaged file is as good as none."""
    try:
        kept = read_json(path)
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


class AfterEpoch(lightning.Callback):
    """Call something when an epoch's figures are in `metrics.csv`."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Call it."""
        self._call()
