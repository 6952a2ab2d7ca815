"""`landseer VERB …`: finds the verb, loads it, and turns errors into one to three lines."""

from __future__ import annotations

import difflib
import importlib
import os
import sys
import traceback
from typing import Any

import typer
from typer.core import TyperGroup

from landseer import __version__
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
    "train": "Stage 5: train the members, and predict each fold out of fold.",
    "select": "Stage 6: choose threshold, members and TTA; write the model folder.",
    "report": "Stage 7: write report/index.html.",
    "predict": "Predict files or folders with a model folder.",
    "submit": "Pack predictions as a contest asks, and check the package.",
    "score": "Compute an official metric on any two files or folders.",
    "indices": "List spectral indices and their formulas.",
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
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
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
    debug = "--debug" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    for name in ("HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
        os.environ.setdefault(name, "1")
    keep_freed_memory()
    sys.exit(_call(arguments, debug=debug))


def _call(arguments: list[str], *, debug: bool) -> int:
    """Run one command and return its exit code."""
    command = typer.main.get_command(app)
    try:
        result = command.main(args=arguments, prog_name="landseer", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except LandseerError as error:
        if debug:
            traceback.print_exc()
        sys.stderr.write(f"landseer: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("landseer: stopped; run the same command again to go on\n")
        return 130
    except Exception as error:
        show = getattr(error, "show", None)
        if show is None:
            raise
        show()
        return int(getattr(error, "exit_code", 2))
