"""A study of cheap trials on real processes: killed at any time, it loses no finished trial and repeats none."""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from landseer.errors import StageError
from landseer.run.tune_drive import drive, trial_folder
from landseer.tune.config import TuneConfig
from landseer.tune.importance import importance_of
from landseer.tune.process import is_alive, own_mark
from landseer.tune.study import Study, forget_study, open_study
from landseer.tune.trials import Outcome, Result, best_of, counted, write_trials

CHEAP = '''
import os, signal, sys, time
from dataclasses import dataclass
from pathlib import Path

from landseer.run.tune_worker import PrunedError

SEARCH = {"x": {"low": 0.0, "high": 1.0}, "y": {"choices": ["good", "bad"]}}


@dataclass(frozen=True)
class Cheap:
    """A curve whose best is known; it writes down which process began which trial."""

    notes: Path
    seconds: float = 0.0
    fails: bool = False
    dies: bool = False
    killed: int | None = None

    def prepare(self, n_workers):
        if self.dies:
            os._exit(3)

    def __call__(self, task, report, folds):
        with open(self.notes, "a") as file:
            file.write(f"{task.number} {os.getpid()}\\n")
        (task.folder / "half.txt").touch()
        if task.number == self.killed:
            os.kill(os.getpid(), signal.SIGKILL)
        value = -((task.values["x"] - 0.3) ** 2) - (task.values["y"] == "bad")
        for step in (1, 2):
            time.sleep(self.seconds)
            folds[str(step - 1)] = value
            if report(step, value):
                raise PrunedError
        if self.fails and task.number == 1:
            raise ValueError("no such thing")
        return value


def study(storage, folder, **config):
    from landseer.tune.config import TuneConfig
    from landseer.tune.study import open_study

    made = TuneConfig.model_validate({"search": SEARCH, "pruner": "none", "storage": storage} | config)
    return open_study(made, "cheap", Path(folder) / "study.log", key="k", seed=1)


if __name__ == "__mp_main__" and "SLOW_START" in os.environ:
    (Path(os.environ["SLOW_START"]) / str(os.getpid())).touch()
    time.sleep(0.5)

if __name__ == "__main__":
    from landseer.run.tune_drive import drive

    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells' background jobs ignore it
    storage, folder = sys.argv[1] or None, Path(sys.argv[2])
    opened = study(storage, folder)
    work = Cheap(folder / "began.txt", seconds=float(sys.argv[4]))
    try:
        drive(opened, work, folder / "trials", n_trials=int(sys.argv[3]), n_workers=2)
    except KeyboardInterrupt:
        sys.exit(130)
'''


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder from which workers can import the cheap objective."""
    folder = tmp_path_factory.mktemp("cheap")
    (folder / "cheap_objective.py").write_text(CHEAP)
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


@pytest.fixture
def cheap(place: Path) -> ModuleType:
    return importlib.import_module("cheap_objective")


def binaries() -> Path | None:
    """Return the folder of PostgreSQL's programs, as Debian installs them or on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def as_server(*command: str) -> None:
    """Run one of the server's programs, which refuse to run as root."""
    user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    subprocess.run([*user, *command], check=True, capture_output=True, timeout=60, cwd="/")


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    """Start a database server of our own; return the address of its database."""
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL's server is not installed (apt-get install postgresql)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = Path(f"/tmp/landseer-postgresql-{os.getpid()}-{port}")
    folder.mkdir(mode=0o700)
    if os.getuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    data, log = folder / "data", folder / "log"
    settings = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    try:
        as_server(f"{programs}/initdb", "-D", str(data), "-U", "tuner", "-A", "trust", "-N")
        as_server(
            f"{programs}/pg_ctl", "-D", str(data), "-l", str(log), "-o", settings, "-w", "start"
        )
        yield f"postgresql://tuner@127.0.0.1:{port}/postgres"
        as_server(f"{programs}/pg_ctl", "-D", str(data), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["file", "postgresql"])
def storage(request: pytest.FixtureRequest) -> str | None:
    """Return where a study is kept: None for its file; a database is emptied beforehand."""
    if request.param == "file":
        return None
    url: str = request.getfixturevalue("postgresql")
    forget_study(TuneConfig(storage=url), "cheap")
    return url


def began(notes: Path) -> list[tuple[int, int]]:
    """Return (trial, process) in the order in which they began."""
    lines = notes.read_text().splitlines() if notes.exists() else []
    return [(int(a), int(b)) for a, b in (line.split() for line in lines)]


def check_all(results: list[Result], n_trials: int) -> None:
    """So many trials ended by themselves, each stopped one was tried again once, and nothing is left."""
    assert counted(results) == n_trials
    assert [one.number for one in results] == list(range(len(results)))
    assert {one.state for one in results} <= {"done", "stopped"}
    again = [one.again_of for one in results if one.again_of is not None]
    assert sorted(again) == [one.number for one in results if one.state == "stopped"]
    for one in results:
        if one.again_of is not None:
            assert one.parameters == results[one.again_of].parameters


def test_a_worker_is_killed_and_no_trial_is_lost(
    cheap: Any, storage: str | None, tmp_path: Path
) -> None:
    notes = tmp_path / "began.txt"
    ended: list[int] = []

    def told(number: int, outcome: Outcome) -> None:
        ended.append(number)

    work = cheap.Cheap(notes, seconds=0.05, killed=3)
    with cheap.study(storage, tmp_path) as study:
        drive(study, work, tmp_path / "trials", n_trials=8, n_workers=2, told=told)
        results = study.results()
    check_all(results, 8)
    assert sorted(ended) == [one.number for one in results if one.state == "done"]
    assert sum(one.state == "stopped" for one in results) == 1
    assert len({process for _, process in began(notes)}) >= 3
    assert results[3].state == "stopped"
    assert not trial_folder(tmp_path / "trials", 3).exists(), "taken over by its second try"


def test_the_whole_study_is_killed_and_goes_on(
    cheap: Any, place: Path, storage: str | None, tmp_path: Path
) -> None:
    notes = tmp_path / "began.txt"
    master = begin(place, storage, tmp_path)
    await_(lambda: len(began(notes)) >= 5)
    master.send_signal(signal.SIGKILL)
    master.communicate(timeout=60)
    first = dict(began(notes))
    await_(lambda: not any(alive(process) for process in first.values()))
    assert not any(alive(process) for process in first.values()), "workers outlive their master"

    with cheap.study(storage, tmp_path) as study:
        before = {one.number: one for one in study.results() if one.state == "done"}
        assert len(before) >= 2
        drive(study, cheap.Cheap(notes), tmp_path / "trials", n_trials=10, n_workers=2)
        after = study.results()
        check_all(after, 10)
        assert {number: after[number] for number in before} == before
        later = began(notes)[len(first) :]
        assert not {number for number, _ in later} & set(first), "no trial began twice"
        drive(study, cheap.Cheap(notes), tmp_path / "trials", n_trials=10, n_workers=2)
        assert repr(study.results()) == repr(after)  # NaN differs from itself


def begin(
    place: Path, storage: str | None, folder: Path, **environment: str
) -> subprocess.Popen[str]:
    """Start a study of ten trials in a process group of its own, as a terminal does."""
    command = [sys.executable, str(place / "cheap_objective.py"), storage or "", str(folder)]
    return subprocess.Popen(
        [*command, "10", "0.1"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | environment,
    )


def await_(is_so: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


@pytest.mark.parametrize("whom", ["all processes of the terminal", "the command alone"])
def test_ctrl_c_ends_the_workers_and_keeps_what_has_ended(
    cheap: Any, place: Path, tmp_path: Path, whom: str
) -> None:
    notes = tmp_path / "began.txt"
    master = begin(place, None, tmp_path)
    await_(lambda: len(began(notes)) >= 5)
    tell = os.kill if whom == "the command alone" else os.killpg
    tell(master.pid, signal.SIGINT)
    _, said = master.communicate(timeout=60)
    assert (master.returncode, said) == (130, "")
    assert not any(alive(process) for _, process in began(notes))
    with cheap.study(None, tmp_path) as study:
        stopped = study.results()
        assert sum(one.state == "done" for one in stopped) >= 3
        assert {one.state for one in stopped} <= {"done", "stopped", "waiting"}
        drive(study, cheap.Cheap(notes), tmp_path / "trials", n_trials=10, n_workers=2)
        check_all(study.results(), 10)
        kept = [one for one in stopped if one.state == "done"]
        assert all(study.results()[one.number] == one for one in kept)


def test_ctrl_c_does_not_reach_a_worker_that_starts(place: Path, tmp_path: Path) -> None:
    (tmp_path / "starting").mkdir()
    master = begin(place, None, tmp_path, SLOW_START=str(tmp_path / "starting"))
    await_(lambda: len(list((tmp_path / "starting").iterdir())) == 2)
    for path in (tmp_path / "starting").iterdir():
        os.kill(int(path.name), signal.SIGINT)
    _, said = master.communicate(timeout=60)
    assert (master.returncode, said) == (0, "")
    assert len({process for _, process in began(tmp_path / "began.txt")}) == 2
    assert len(began(tmp_path / "began.txt")) == 10


def test_ctrl_c_waits_until_the_end_of_a_trial_is_written(cheap: Any, tmp_path: Path) -> None:
    written: list[int] = []

    def told(number: int, outcome: Outcome) -> None:
        signal.raise_signal(signal.SIGINT)
        written.append(number)

    before = signal.getsignal(signal.SIGINT)
    study = cheap.study(None, tmp_path)
    work = cheap.Cheap(tmp_path / "began.txt")
    with pytest.raises(KeyboardInterrupt):
        drive(study, work, tmp_path / "trials", n_trials=4, n_workers=1, told=told)
    assert written == [0] and signal.getsignal(signal.SIGINT) is before
    assert [one.state for one in study.results()] == ["done"]


def alive(process: int) -> bool:
    """Say whether a process is there and no mere corpse."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_a_trial_that_raises_is_noted_and_the_study_goes_on(cheap: Any, tmp_path: Path) -> None:
    study = cheap.study(None, tmp_path)
    work = cheap.Cheap(tmp_path / "began.txt", fails=True)
    drive(study, work, tmp_path / "trials", n_trials=4, n_workers=1)
    results = study.results()
    assert [one.state for one in results] == ["done", "failed", "done", "done"]
    assert results[1].error == "ValueError: no such thing"
    assert "Traceback" in (trial_folder(tmp_path / "trials", 1) / "log.txt").read_text()
    best = best_of(results)
    assert best is not None and best.value == max(r.value for r in results if r.state == "done")
    write_trials(tmp_path / "trials.csv", results, "dice_foreground")
    lines = (tmp_path / "trials.csv").read_text().splitlines()
    assert lines[0] == "trial,state,score,x,y,fold_0,fold_1,seconds,again_of,error"
    assert lines[2].startswith("1,failed,,") and lines[2].endswith("ValueError: no such thing")


def test_workers_that_cannot_work_end_the_study(cheap: Any, tmp_path: Path) -> None:
    study = cheap.study(None, tmp_path)
    work = cheap.Cheap(tmp_path / "began.txt", dies=True)
    with pytest.raises(StageError, match="expected worker processes that work; 4 died"):
        drive(study, work, tmp_path / "trials", n_trials=9, n_workers=1)


def test_bad_trials_end_early(cheap: Any, tmp_path: Path) -> None:
    study = cheap.study(None, tmp_path, pruner="median", sampler="random", trials=12)
    work = cheap.Cheap(tmp_path / "began.txt")
    drive(study, work, tmp_path / "trials", n_trials=12, n_workers=1)
    pruned = [one for one in study.results() if one.state == "pruned"]
    done = [one for one in study.results() if one.state == "done"]
    assert pruned and len(pruned) + len(done) == 12
    assert all(set(one.steps) == {1} and len(one.folds) == 1 for one in pruned)
    assert max(one.steps[1] for one in pruned) < max(one.value for one in done)


def run_here(study: Study, n_trials: int, score: Callable[[dict[str, Any]], float]) -> list[Result]:
    """Run trials in this process."""
    while study.left(n_trials) > 0 and (asked := study.ask()) is not None:
        study.end(asked.number, Outcome("done", score(asked.values)))
    return study.results()


def test_a_grid_is_walked_once_across_restarts(tmp_path: Path, cheap: Any) -> None:
    search = {"x": {"low": 1, "high": 3}, "y": {"choices": ["a", "b"]}}
    config = {"search": search, "sampler": "grid"}
    run_here(cheap.study(None, tmp_path, **config), 4, lambda v: v["x"])
    results = run_here(cheap.study(None, tmp_path, **config), 99, lambda v: v["x"])
    tried = sorted((one.values["x"], one.values["y"]) for one in results)
    assert tried == [(x, y) for x in (1, 2, 3) for y in "ab"]


def test_what_matters_is_important(tmp_path: Path, cheap: Any) -> None:
    search = {"x": {"low": 0.0, "high": 1.0}, "z": {"subset_of": ["a", "b"], "most": 1}}
    study = cheap.study(None, tmp_path, search=search, sampler="random")
    results = run_here(study, 24, lambda v: v["x"] ** 2)
    found = importance_of(study.search, results)
    assert next(iter(found)) == "x" and found["x"] > 0.8
    assert set(found) == {"x", "z: a", "z: b"}
    assert sum(found.values()) == pytest.approx(1)
    assert importance_of(study.search, results[:3]) == {}


def test_a_half_written_line_and_a_lock_are_mended(tmp_path: Path, cheap: Any) -> None:
    before = run_here(cheap.study(None, tmp_path), 3, lambda v: v["x"])
    with (tmp_path / "study.log").open("a") as file:
        file.write('{"op_code": 5, "wor')
    (tmp_path / "study.log.lock").symlink_to("study.log")
    study = cheap.study(None, tmp_path)
    assert repr(study.results()) == repr(before)
    assert len(run_here(study, 5, lambda v: v["x"])) == 5


def test_another_search_is_refused(tmp_path: Path, cheap: Any) -> None:
    run_here(cheap.study(None, tmp_path), 1, lambda v: v["x"])
    with pytest.raises(StageError, match="with which this study was begun") as error:
        open_study(TuneConfig(), "cheap", tmp_path / "study.log", key="other", seed=1)
    assert "--fresh" in error.value.do


def test_a_database_that_is_not_there_is_told(tmp_path: Path) -> None:
    config = TuneConfig(storage="postgresql://nobody@127.0.0.1:9/none")
    with pytest.raises(StageError, match="expected a database that keeps the study") as error:
        open_study(config, "x", tmp_path / "log", key="k", seed=1)
    assert error.value.where == "tune.storage"


def test_trials_killed_three_times_fail(tmp_path: Path, cheap: Any) -> None:
    study = cheap.study(None, tmp_path)
    for _ in range(3):
        asked = study.ask()
        study.stopped(asked.number)
    results = study.results()
    assert [one.state for one in results] == ["stopped", "stopped", "failed"]
    assert results[2].error == "its process was killed, 3 times"
    assert counted(results) == 1


def test_marks_tell_the_living_from_the_dead() -> None:
    mine = own_mark()
    assert is_alive(mine)
    assert not is_alive(mine | {"born": "1"}), "another process of that number"
    assert not is_alive(None)
    assert is_alive(None, begun=1000.0, now=1500.0), "it may be about to leave its mark"
    assert not is_alive(None, begun=1000.0, now=1700.0)
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    assert not is_alive(mine | {"pid": child.pid})
    far = mine | {"host": "elsewhere"}
    assert is_alive(far, now=far["seen"] + 60)
    assert not is_alive(far, now=far["seen"] + 3600)
