"""`landseer VERB …`: finds the verb, loads it, and turns errors into one to three lines."""

from __future__ import annotations

import difflib
import errno
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from landseer import __version__
from landseer.cli.verb import HELP
from landseer.core.memory import keep_freed_memory
from landseer.errors import LandseerError, UsageError

VERBS = {
    "demo": "Make data, run the whole system on it, and open on a report.",
    "synth": "Make a data set of known truth, in a contest's own formats.",
    "init": "Write a commented recipe for a data folder.",
    "check": "Validate a recipe and print it resolved.",
    "run": "Run all stages of a recipe that are not up to date.",
    "samples": "Stage 1: list the samples.",
    "audit": "Stage 2: check files, measure quality, find the same place twice.",
    "split": "Stage 3: divide the samples into folds that do not leak.",
    "statistics": "Stage 4: measure the channels on training pixels.",
    "look": "Stage 5: write report/data/index.html, to look at before any training.",
    "train": "Stage 6: train the members, and predict each fold out of fold.",
    "select": "Stage 7: choose threshold, members and TTA; write the model folder.",
    "suspects": "Stage 8: rank the labels that out-of-fold predictions contradict; nothing is left out.",
    "maps": "Stage 9: map whole scenes by members that never saw them, and score the maps.",
    "report": "Stage 10: write report/index.html.",
    "compare": "Compare two runs on the samples that both held out: paired, by place.",
    "leak": "Train a small model under random and under grouped folds: how much does a random split flatter?",
    "trees": "Train boosted trees and a forest on the same folds: is the network worth it here?",
    "tune": "Search the recipe's keys on some folds, and score what was found on the others.",
    "selftrain": "Learn from samples without labels, in rounds, as far as true labels say it helps.",
    "mine": "Find empty samples that the model is wrong or sure about, to train on them more or less.",
    "predict": "Predict files or folders with a model folder.",
    "vectorise": "Turn class maps into polygons with class, area and confidence.",
    "submit": "Pack predictions as a contest asks, and check the package.",
    "score": "Compute an official metric on any two files or folders.",
    "indices": "List spectral indices with formula, bands and reference.",
    "doctor": "Say what this machine has, and what is missing.",
}

EPILOG = "Errors exit with 1 (failed while working) or 2 (the command or recipe is wrong)."


class _Verbs(TyperGroup):
    """A group that knows its verbs by name and imports one only when it is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the verbs in the order in which people meet them."""
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import a verb's file and return its command."""
        if cmd_name not in VERBS:
            close = difflib.get_close_matches(cmd_name, VERBS, n=1)
            raise UsageError(
                f"expected one of the verbs, got {cmd_name!r}",
                do=f"did you mean `landseer {close[0]}`?" if close else "see `landseer --help`",
            )
        module = importlib.import_module(f"landseer.cli.{cmd_name}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help without importing any verb."""
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))
        self.format_options(ctx, formatter)
        formatter.write(f"\n{EPILOG}\n")

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options alone; the verbs are listed above."""
        rows = [row for p in self.get_params(ctx) if (row := p.get_help_record(ctx)) is not None]
        with formatter.section("Options"):
            formatter.write_dl(rows)


app = typer.Typer(
    cls=_Verbs,
    add_completion=False,
    rich_markup_mode=None,
    context_settings=HELP,
    help="From Earth-observation tiles and labels to honest scores, models and maps.",
)


@app.callback(invoke_without_command=True)
def main(
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
    version: bool = typer.Option(False, "--version", help="Print the version and exit."),
) -> None:
    """From Earth-observation tiles and labels to honest scores, models and maps."""
    if version:
        typer.echo(__version__)
        raise typer.Exit


def run() -> None:
    """Run the command line (the console script)."""
    for name in ("HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
        os.environ.setdefault(name, "1")
    keep_freed_memory()
    debug = "--debug" in sys.argv
    sys.exit(call([text for text in sys.argv[1:] if text != "--debug"], debug=debug))


def call(arguments: Sequence[str], *, debug: bool = False) -> int:
    """Run one command.

    Args:
        arguments: what stands after `landseer`; none asks for help.
        debug: also show the traceback of an error.

    Returns:
        The exit code: 0 done, 1 failed while working, 2 the command or recipe is wrong, 130 interrupted.
    """
    command = typer.main.get_command(app)
    try:
        with command.make_context("landseer", list(arguments) or ["--help"]) as context:
            command.invoke(context)
        sys.stdout.flush()
        return 0
    except typer.Exit as stop:
        return _flushed(int(stop.exit_code))
    except BrokenPipeError:
        return _flushed(1)
    except (KeyboardInterrupt, typer.Abort):
        sys.stderr.write("\nlandseer: stopped; run the same command again to go on\n")
        return 130
    except Exception as error:  # noqa: BLE001 - the one place where every error becomes a message
        if debug:
            traceback.print_exc()
        text, code = describe(error)
        sys.stderr.write(f"landseer: {text}\n")
        return code


def describe(error: Exception) -> tuple[str, int]:
    """Say in one to three lines what went wrong, and with which exit code."""
    if isinstance(error, LandseerError):
        return str(error), error.exit_code
    if hasattr(error, "format_message"):
        context = getattr(error, "ctx", None)
        path = context.command_path if context is not None else "landseer"
        came = error.format_message().replace("Input should be ", "expected ")
        return f"{came}\n  do: see `{path} --help`", 2
    came = " ".join(str(error).split())[:_LONGEST] or "no message"
    if known := _resources(error, came):
        return known, 1
    frames = traceback.extract_tb(error.__traceback__)
    where = f"\n  where: {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return (
        f"something went wrong that should not: {type(error).__name__}: {came}{where}\n"
        "  do: run it again with --debug and report the traceback"
    ), 1


def _resources(error: Exception, came: str) -> str | None:
    """Say what ran out where an error of the system or of torch means that something did."""
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if full or "PytorchStreamWriter failed" in came:
        where = getattr(error, "filename", None) or "the run folder's disk"
        return (
            f"expected room on the disk, got: {came}\n  where: {where}\n"
            "  do: free space and run the same command again: it goes on where it stopped"
        )
    if isinstance(error, MemoryError) or "out of memory" in came:
        return (
            f"expected more memory, got: {came}\n"
            "  do: lower train.batch_size, train.eval_batch_size or train.cache_gb"
        )
    return None


def _flushed(code: int) -> int:
    """Empty stdout; where nobody reads it any more, point it nowhere, so that Python does not complain at the end."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


_LONGEST = 300
"""Characters of an unexpected error's own message that are shown."""
