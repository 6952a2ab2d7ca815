"""What trackers show of a run: its recipe and choice, and each member's epochs, pictures and best weights."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback

from landseer.core.files import hash_file, hash_value, read_json, write_json
from landseer.report.curves import training_figure
from landseer.run.context import Run
from landseer.run.track_record import RECORD, recorded
from landseer.track.aliases import KelpAliases, kelp_aliases
from landseer.track.figures import save_figure
from landseer.track.history import read_history
from landseer.track.mirror import STATE, AfterEpoch, Shown
from landseer.track.mlflow_sink import MlflowSink
from landseer.track.sink import Entry, Guarded, Sink, flatten
from landseer.track.wandb_sink import INSTALL, WandbSink, is_installed

FAILURES = "failures"
"""Key of the run's `track.json` that counts what trackers failed at."""


@dataclass(frozen=True, slots=True)
class Tracking:
    """The trackers of one run, each guarded; without any, nothing happens.

    Attributes:
        run: the run.
        trackers: those that the recipe asks for.
    """

    run: Run
    trackers: tuple[Guarded, ...]

    def watch(self, folder: Path, member: str) -> list[Callback]:
        """Return what shows a member's epochs while it trains.

        Args:
            folder: the member's.
            member: its name.
        """
        watchers: list[Callback] = []
        if self.run.recipe.track.aliases == "kelp":
            watchers.append(KelpAliases(self.run.classes.names))
        for guarded in self.trackers:
            shown = Shown(folder, guarded, _key(folder))
            opened = self._member(shown, member)
            if opened is not None:
                watchers.append(AfterEpoch(lambda s=shown, run=opened: s.catch_up(run)))  # type: ignore[misc]
        return watchers

    def finish(self, folder: Path, member: str) -> None:
        """Show all of a trained member that was not shown yet, its best weights among it.

        Args:
            folder: the member's.
            member: its name.
        """
        result = read_json(folder / "done.json")
        if self.run.recipe.track.aliases == "kelp":
            write_json(folder / "aliases.json", best_aliases(self.run, folder, result))
        for guarded in self.trackers:
            shown = Shown(folder, guarded, _key(folder))
            if shown.is_done():
                continue
            opened = self._member(shown, member)
            if opened is not None:
                step = int(result["epoch"])
                shown.finish(opened, member_files(folder, result), final(folder, result), step)
        self._count()

    def conclude(self, *, failed: bool = False) -> None:
        """Show what the run chose, and what members of earlier processes left out.

        Args:
            failed: whether the run ended in an error.

        Edges: before the first training there is nothing to show.
        """
        listed = self.run.path("folds/members.json")
        if not self.trackers or not (listed.exists() or self.run.path(STATE).exists()):
            return
        for member in read_json(listed) if listed.exists() and not failed else ():
            self.finish(self.run.path(f"folds/{member['member']}"), member["member"])
        files = run_files(self.run)
        digest = hash_value({path.name: hash_file(path) for path in files if path.name != RECORD})
        for guarded in self.trackers:
            shown = Shown(self.run.folder, guarded, "run")
            if shown.is_done(digest) and not failed:
                continue
            opened = shown.begin(self._entry)
            if opened is not None and failed:
                guarded.try_to(lambda sink, run=opened: sink.end(run, failed=True))  # type: ignore[misc]
            elif opened is not None:
                shown.finish(opened, files, chosen(self.run), 0, digest)
        self._count()

    def _member(self, shown: Shown, member: str) -> str | None:
        """Open a member's run below that of the run folder."""
        parent = Shown(self.run.folder, shown.guarded, "run").begin(self._entry)
        return None if parent is None else shown.begin(lambda: self._entry(member, parent))

    def _entry(self, member: str = "", parent: str | None = None) -> Entry:
        """Describe the run, or one of its members."""
        name = self.run.recipe.name
        return Entry(
            title=f"{name} {member}".strip(),
            parameters=flatten(self.run.recipe.model_dump(mode="json", exclude={"track"})),
            tags={"landseer.run": str(self.run.folder.resolve()), "landseer.member": member},
            group=name,
            parent=parent,
        )

    def _count(self) -> None:
        """Write down how often trackers failed, in all processes together."""
        path = self.run.path(STATE)
        for one in self.trackers:
            if one.failures > one.written:
                known = read_json(path) if path.exists() else {}
                counts = dict(known.get(FAILURES, {}))
                before = counts.get(one.sink.name, {}).get("count", 0)
                counts[one.sink.name] = {
                    "count": before + one.failures - one.written,
                    "last": one.last,
                }
                write_json(path, {**known, FAILURES: counts})
                one.written = one.failures


@contextmanager
def tracked(run: Run, until: str) -> Iterator[None]:
    """Keep `run.json`, and let the recipe's trackers know how a call ends.

    Args:
        run: the run.
        until: the verb.

    Raises:
        UsageError: MLflow is asked for and not installed; nothing was done then.

    Edges: where wandb is asked for and not installed, a line says so before any work, and the run goes on without it.
    """
    if run.recipe.track.wandb is not None and not is_installed():
        sys.stderr.write(
            f"track: wandb is not installed ({INSTALL}); the run goes on without it, and the next one catches up\n"
        )
    tracking = open_tracking(run)
    try:
        with recorded(run, until):
            yield
    except BaseException:
        tracking.conclude(failed=True)
        raise
    tracking.conclude()
    for one in tracking.trackers:
        if one.failures:
            sys.stderr.write(
                f"track: {one.sink.name} failed {one.failures} times, last: {one.last}\n"
            )


def open_tracking(run: Run) -> Tracking:
    """Open the trackers that a recipe asks for.

    Args:
        run: the run.

    Raises:
        UsageError: MLflow is asked for and not installed.

    Edges: wandb is left out where it is not installed; `tracked` says so.
    """
    track, sinks = run.recipe.track, list[Sink]()
    root = run.folder.resolve().parent
    if track.mlflow is not None:
        uri = track.mlflow.uri
        address = uri or f"sqlite:///{root / 'mlflow.db'}"
        # A database keeps no files: without a place for them MLflow would put them below the current folder.
        is_database = "sql" in address.partition(":")[0]
        artifacts = root / "mlflow" / track.mlflow.experiment if is_database else None
        sinks.append(MlflowSink(address, track.mlflow.experiment, artifacts))
    if track.wandb is not None and is_installed():
        wandb = track.wandb
        sinks.append(WandbSink(wandb.project, wandb.entity, wandb.mode, run.folder))
    return Tracking(run, tuple(Guarded(sink) for sink in sinks))


def member_files(folder: Path, result: Mapping[str, Any]) -> dict[Path, str]:
    """Return the files of a member that trackers keep, with their folders.

    The model file is the best epoch's (or the soup's): `best.safetensors`, which is what the model folder delivers.

    Args:
        folder: the member's.
        result: what `done.json` holds.
    """
    history = read_history(folder / "metrics.csv")
    curves = folder / "curves.png"
    save_figure(
        training_figure(
            {str(result["member"]): history}, "monitor", str(result["monitor"]), best=True
        ),
        curves,
    )
    images = folder / "images"
    last = max((int(row["epoch"]) for row in history), default=0)
    epochs = sorted({int(result["epoch"]), last})
    pictures = [path for n in epochs for path in sorted(images.glob(f"epoch_{n:03d}*.png"))]
    files = {path: "images" for path in [images / "confusion.png", *pictures] if path.exists()}
    plain = [folder / name for name in ("metrics.csv", "done.json", "aliases.json")]
    weights = {path: "model" for path in sorted(folder.glob("best*.safetensors"))}
    return {curves: "images", **files, **{path: "" for path in plain if path.exists()}, **weights}


def final(folder: Path, result: Mapping[str, Any]) -> dict[str, float]:
    """Return a member's figures as `done.json` holds them: `best/…`, and aliases where there are some."""
    found = {f"best/{n}": float(v) for n, v in result["scores"].items() if v is not None}
    path = folder / "aliases.json"
    named = read_json(path) if path.exists() else {}
    return found | {name: float(value) for name, value in named.items() if value is not None}


def best_aliases(run: Run, folder: Path, result: Mapping[str, Any]) -> dict[str, float | None]:
    """Return the kelp system's `test/…`: the kept weights on the fold that they did not see.

    Args:
        run: the run.
        folder: the member's.
        result: what `done.json` holds.

    Edges: a soup was never validated by its loss: `test/loss` is missing then.
    """
    scores = {n: float("nan") if v is None else v for n, v in result["scores"].items()}
    found = {f"test/{n}": v for n, v in kelp_aliases(scores, run.classes.names).items()}
    rows = [row for row in read_history(folder / "metrics.csv") if row["epoch"] == result["epoch"]]
    if rows and "soup" not in result and "val/loss" in rows[0]:
        found["test/loss"] = rows[0]["val/loss"]
    return {name: None if value != value else value for name, value in found.items()}


def chosen(run: Run) -> dict[str, float]:
    """Return what a run's selection reached out of fold; nothing where it is not there yet."""
    path = run.path("selection.json")
    if not path.exists():
        return {}
    selection = read_json(path)
    figures = {f"oof/{name}": selection["crossfit"][name] for name in ("value", "low", "high")}
    return {name: float(value) for name, value in figures.items() if value is not None}


def run_files(run: Run) -> dict[Path, str]:
    """Return the files of a run that trackers keep."""
    names = ("recipe.yaml", RECORD, "selection.json", "report/index.html", "model/model.yaml")
    return {run.path(name): "" for name in names if run.path(name).exists()}


def _key(folder: Path) -> str:
    """Return what a member's files come from."""
    mark = folder / "key.json"
    return str(read_json(mark)["key"]) if mark.exists() else hash_value(str(folder))
