"""What trackers are told: every epoch once, whatever happens in between; and nothing they do ends a training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from landseer.core.files import read_json
from landseer.track.mirror import Shown
from landseer.track.sink import MOST_IN_ROW, Entry, Guarded, flatten, without_password


class Notebook:
    """A tracker that writes down what it is told, and fails when it is told to."""

    name, where = "notebook", "here"

    def __init__(self) -> None:
        self.said: list[tuple[str, int, dict[str, float]]] = []
        self.begun: list[str | None] = []
        self.kept: list[tuple[str, str]] = []
        self.ended: list[bool] = []
        self.is_down = False

    def _work(self) -> None:
        if self.is_down:
            raise ConnectionError("no answer\nsecond line")

    def begin(self, entry: Entry, known: str | None) -> str:
        self._work()
        self.begun.append(known)
        return known or f"run{len(self.begun)}"

    def log(self, run: str, figures: Mapping[str, float], step: int) -> None:
        self._work()
        self.said.append((run, step, dict(figures)))

    def keep(self, run: str, path: Path, folder: str) -> None:
        self._work()
        self.kept.append((path.name, folder))

    def end(self, run: str, *, failed: bool = False) -> None:
        self._work()
        self.ended.append(failed)


ENTRY = Entry("one", {}, {}, "all")


def write_epochs(folder: Path, n: int) -> None:
    rows = "".join(f"{epoch},{0.5 + epoch / 10}\n" for epoch in range(n))
    (folder / "metrics.csv").write_text(f"epoch,monitor\n{rows}")


def test_each_epoch_is_shown_once_also_after_a_restart(tmp_path: Path) -> None:
    book = Notebook()
    shown = Shown(tmp_path, Guarded(book), "key")
    run = shown.begin(lambda: ENTRY)
    for n in (1, 2, 2):
        write_epochs(tmp_path, n)
        assert shown.catch_up(run)
    again = Shown(tmp_path, Guarded(book), "key")
    assert again.begin(lambda: ENTRY) == run
    write_epochs(tmp_path, 4)
    again.catch_up(run)
    assert [step for _, step, _ in book.said] == [0, 1, 2, 3]
    assert book.said[-1] == (run, 3, {"monitor": 0.8})
    assert book.begun == [None, run]


def test_what_a_tracker_missed_is_caught_up_on(tmp_path: Path) -> None:
    book = Notebook()
    shown = Shown(tmp_path, Guarded(book), "key")
    run = shown.begin(lambda: ENTRY)
    book.is_down = True
    write_epochs(tmp_path, 1)
    assert not shown.catch_up(run)
    book.is_down = False
    write_epochs(tmp_path, 2)
    assert shown.catch_up(run)
    assert [step for _, step, _ in book.said] == [0, 1]


def test_other_inputs_begin_another_run(tmp_path: Path) -> None:
    book = Notebook()
    first = Shown(tmp_path, Guarded(book), "key")
    first.catch_up(first.begin(lambda: ENTRY) or "")
    first.finish("run1", {}, {}, 0)
    assert first.is_done()
    other = Shown(tmp_path, Guarded(book), "another")
    assert not other.is_done()
    assert other.begin(lambda: ENTRY) == "run2"
    book.where = "elsewhere"
    assert other.begin(lambda: ENTRY) == "run3"


def test_a_finished_folder_leaves_its_files(tmp_path: Path) -> None:
    book = Notebook()
    shown = Shown(tmp_path, Guarded(book), "key")
    run = shown.begin(lambda: ENTRY)
    write_epochs(tmp_path, 1)
    weights = tmp_path / "best.safetensors"
    assert shown.finish(run, {weights: "model"}, {"best/x": 1.0}, 0, "digest")
    assert book.kept == [("best.safetensors", "model")]
    assert book.ended == [False]
    assert book.said[-1] == (run, 0, {"best/x": 1.0})
    assert shown.is_done("digest") and not shown.is_done("other digest")
    assert read_json(tmp_path / "track.json")["notebook"]["sent"] == 0


def test_failures_are_counted_said_and_never_raised(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book = Notebook()
    guarded = Guarded(book)
    book.is_down = True
    for _ in range(MOST_IN_ROW + 2):
        assert Shown(tmp_path, guarded, "key").begin(lambda: ENTRY) is None
    assert guarded.failures == MOST_IN_ROW, "it is not asked again"
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "track: notebook failed (ConnectionError: no answer); work goes on",
        "track: notebook failed (ConnectionError: no answer); it is left alone until the next run",
    ]


def test_a_success_starts_the_count_again() -> None:
    book = Notebook()
    guarded = Guarded(book)
    for _ in range(4):
        book.is_down = True
        assert not guarded.try_to(lambda sink: sink.end("x"))
        book.is_down = False
        assert guarded.try_to(lambda sink: sink.end("x"))
    assert guarded.failures == 4 and not guarded.is_given_up


def test_a_damaged_memory_is_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / "track.json").write_text("{not json")
    shown = Shown(tmp_path, Guarded(Notebook()), "key")
    assert shown.begin(lambda: ENTRY) == "run1"


def test_parameters_are_flat_texts() -> None:
    assert flatten({"a": {"b": {"c": 1}, "d": [1, {"e": 2}]}, "f": None, "g": {}}) == {
        "a.b.c": "1", "a.d": "[1, {'e': 2}]", "f": "null", "g": "{}",
    }  # fmt: skip


def test_passwords_are_never_written_down() -> None:
    assert without_password("no answer of http://me:secret@host/x") == "no answer of http://host/x"
    assert (
        without_password("sqlite:////home/me@work/mlflow.db") == "sqlite:////home/me@work/mlflow.db"
    )
