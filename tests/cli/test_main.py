"""The command line itself: help, exit codes, errors, and what it imports."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from landseer import __version__
from landseer.cli import main
from landseer.errors import DataError, LandseerError, UsageError

Landseer = Callable[..., Any]

HEAVY = (
    "torch",
    "rasterio",
    "geopandas",
    "pandas",
    "pydantic",
    "numpy",
    "timm",
    "lightning",
    "rich",
)


def verb(function: Callable[[], None]) -> typer.Typer:
    """Make a verb that does one thing."""
    app = typer.Typer(add_completion=False)
    app.command()(function)
    return app


@pytest.fixture
def behave(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Return a function that makes `landseer doctor` do something else."""
    module = importlib.import_module("landseer.cli.doctor")
    return lambda function: monkeypatch.setattr(module, "app", verb(function))


def python(code: str) -> str:
    """Run code in a fresh interpreter; return what it prints."""
    result = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )
    return result.stdout


def test_help_imports_nothing_heavy_and_a_verb_s_help_little() -> None:
    code = (
        "import sys\n"
        "from landseer.cli.main import call\n"
        f"loaded = lambda: [m for m in {HEAVY!r} if m in sys.modules]\n"
        "codes, first = [call(['--help'])], loaded()\n"
        "codes += [call(a) for a in (['--version'], ['run', '--help'], ['nope'], ['predict'])]\n"
        "print(first, [m for m in loaded() if m != 'pydantic'], codes)"
    )
    assert python(code).splitlines()[-1] == "[] [] [0, 0, 0, 2, 2]"


def test_import_of_the_package_imports_nothing_else_of_it() -> None:
    code = "import sys, landseer; print([m for m in sys.modules if m.startswith('landseer')])"
    assert python(code).strip() == "['landseer']"


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_lists_every_verb(landseer: Landseer, arguments: list[str]) -> None:
    answer = landseer(*arguments)
    assert answer.code == 0
    assert all(f"  {name} " in answer.out for name in main.VERBS)
    assert "Errors exit with 1" in answer.out
    assert answer.err == ""


ARGUMENTS = {
    "demo": ("task", "--out", "--train", "--test", "--seed"),
    "synth": ("task", "out", "--train", "--size-px", "--workers"),
    "init": ("task", "--data", "--out", "--name", "--force"),
    "check": ("RECIPE", "KEY=VALUE"),
    "predict": ("model", "inputs", "--out", "--probabilities", "--window-px", "--strict"),
    "compare": ("first", "second", "--out", "--metric", "--examples"),
    "vectorise": ("maps", "--out", "--classes", "--rectangular", "--simplify-m"),
    "submit": ("kind", "predictions", "--samples", "--out", "--preview"),
    "score": ("prediction", "truth", "--metric", "kelp-dice"),
    "indices": ("text", "--bands", "--clashes"),
    "suspects": ("RECIPE", "KEY=VALUE", "--out", "--top"),
    "leak": ("RECIPE", "KEY=VALUE", "--out"),
    "trees": ("RECIPE", "KEY=VALUE", "--out"),
    "tune": ("RECIPE", "KEY=VALUE", "--trials", "--workers", "--fresh", "--lr-range", "--out"),
    "selftrain": ("RECIPE", "KEY=VALUE", "--out"),
    "mine": ("RECIPE", "KEY=VALUE", "--out"),
    "doctor": (),
    **dict.fromkeys(
        (
            "run",
            "samples",
            "audit",
            "split",
            "statistics",
            "look",
            "train",
            "select",
            "maps",
            "report",
        ),
        ("RECIPE", "KEY=VALUE", "--out"),
    ),
}


@pytest.mark.parametrize("name", main.VERBS)
def test_every_verb_has_help_that_names_its_arguments(landseer: Landseer, name: str) -> None:
    answer = landseer(name, "--help")
    assert answer.code == 0
    assert answer.out.startswith(f"Usage: landseer {name} ")
    wanted = (*ARGUMENTS[name], "--json", "--help")
    assert [word for word in wanted if word.lower() not in answer.out.lower()] == []
    assert main.VERBS[name].rstrip(".") in " ".join(answer.out.split())


def test_every_verb_is_a_file_and_every_file_a_verb() -> None:
    folder = Path(main.__file__).parent
    others = {
        "__init__",
        "__main__",
        "main",
        "verb",
        "stage",
        "settings",
        "demo_tiles",
        "demo_scenes",
    }
    assert {path.stem for path in folder.glob("*.py")} - others == set(main.VERBS)
    assert set(ARGUMENTS) == set(main.VERBS)


def test_version(landseer: Landseer) -> None:
    answer = landseer("--version")
    assert (answer.code, answer.out) == (0, f"{__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (
            ["preditc"],
            ["expected one of the verbs, got 'preditc'", "  do: did you mean `landseer predict`?"],
        ),
        (["xyz"], ["expected one of the verbs, got 'xyz'", "  do: see `landseer --help`"]),
        (["--nope"], ["No such option: --nope", "  do: see `landseer --help`"]),
        (["predict"], ["Missing argument 'model'.", "  do: see `landseer predict --help`"]),
        (
            ["synth", "kelp", "out", "--train", "many"],
            [
                "Invalid value for '--train': …integer…",
                "  do: see `landseer synth --help`",
            ],
        ),
        (["synth", "weeds", "out"], ["expected one of kelp, geopose, landcover, buildings; got 'weeds'"]),
        (
            ["init", "kelp", "--data", "nowhere"],
            ["expected a folder of data, got none", "  where: nowhere"],
        ),
        (
            ["check", "no.yaml"],
            [
                "expected a recipe, got no readable file: No such file or directory",
                "  where: no.yaml",
                "  do: write one with `landseer init kelp --data DIR`",
            ],
        ),
    ],
)  # fmt: skip
def test_a_wrong_command_exits_with_2_and_says_why(
    landseer: Landseer, arguments: list[str], lines: list[str]
) -> None:
    answer = landseer(*arguments)
    assert (answer.code, answer.out) == (2, "")
    found = answer.err.splitlines()
    assert found[1:] == lines[1:]
    start, *inside = lines[0].split("…")
    assert found[0].startswith(f"landseer: {start}")
    assert all(part in found[0] for part in inside) if inside else found[0] == f"landseer: {start}"
    assert "Input should be" not in found[0]


@pytest.mark.parametrize(("error", "code"), [(DataError, 1), (UsageError, 2)])
def test_an_error_is_three_lines_and_a_traceback_only_with_debug(
    landseer: Landseer, behave: Any, error: type[LandseerError], code: int
) -> None:
    def fail() -> None:
        raise error("expected 7 bands; got 6", where="a.tif", do="download it again")

    behave(fail)
    lines = ["landseer: expected 7 bands; got 6", "  where: a.tif", "  do: download it again"]
    answer = landseer("doctor")
    assert (answer.code, answer.out, answer.err.splitlines()) == (code, "", lines)
    answer = landseer("doctor", debug=True)
    assert answer.code == code
    assert answer.err.startswith("Traceback")
    assert answer.err.splitlines()[-3:] == lines


def test_a_bug_is_three_lines_too(landseer: Landseer, behave: Any) -> None:
    def fail() -> None:
        raise KeyError("a\nb" + "x" * 1000)

    behave(fail)
    answer = landseer("doctor")
    assert answer.code == 1
    first, where, do = answer.err.splitlines()
    assert first.startswith("landseer: something went wrong that should not: KeyError: ")
    assert len(first) < 400
    assert where.startswith(f"  where: {__file__}:")
    assert do == "  do: run it again with --debug and report the traceback"
    assert "Traceback" in landseer("doctor", debug=True).err


@pytest.mark.parametrize("stop", [KeyboardInterrupt, typer.Abort])
def test_an_interrupt_exits_with_130(
    landseer: Landseer, behave: Any, stop: type[BaseException]
) -> None:
    def interrupt() -> None:
        raise stop

    behave(interrupt)
    answer = landseer("doctor")
    assert (answer.code, answer.out) == (130, "")
    assert answer.err == "\nlandseer: stopped; run the same command again to go on\n"


def test_an_exit_code_of_a_verb_is_kept(landseer: Landseer, behave: Any) -> None:
    def leave() -> None:
        raise typer.Exit(1)

    behave(leave)
    assert landseer("doctor").code == 1


def test_the_console_script_takes_debug_anywhere() -> None:
    command = [sys.executable, "-c", "from landseer.cli.main import run; run()"]
    for arguments, traceback in ([], False), (["--debug"], True):
        result = subprocess.run(
            [*command, "init", "weeds", "--data", ".", *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert result.returncode == 2
        assert ("Traceback" in result.stderr) == traceback
        assert (
            "expected a task: buildings, folder, geopose, kelp, landcover, scenes; got 'weeds'"
            in result.stderr
        )


def test_a_reader_that_leaves_causes_no_traceback() -> None:
    code = (
        "import sys, typer\n"
        "from landseer.cli import doctor\n"
        "from landseer.cli.main import call\n"
        "doctor.app = typer.Typer()\n"
        "doctor.app.command()(lambda: [typer.echo('n' * 1_000_000) for _ in range(99)])\n"
        "sys.exit(call(['doctor']))"
    )
    read, write = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=write, stderr=subprocess.PIPE, text=True
    ) as process:
        os.close(write)
        os.read(read, 10)
        os.close(read)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (1, "")


def test_doctor_says_what_is_there(landseer: Landseer) -> None:
    answer = landseer("doctor", "--json")
    assert answer.code == 0
    found = json.loads(answer.out)
    assert {"landseer", "python", "processors", "torch", "rasterio", "gpu"} <= set(found)
    assert landseer("doctor").out.startswith("landseer  ")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(28, "No space left on device", "runs/a/last.ckpt"), "expected room on the disk"),
        (
            RuntimeError("PytorchStreamWriter failed writing file data/7"),
            "expected room on the disk",
        ),
        (MemoryError("Unable to allocate 9 GiB"), "expected more memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate"), "lower train.batch_size"),
    ],
)
def test_what_ran_out_is_said_with_what_to_do(error: Exception, expected: str) -> None:
    text, code = main.describe(error)
    assert expected in text
    assert "should not" not in text
    assert code == 1
    assert len(text.splitlines()) <= 3
