"""From the options of a verb to the settings of what it calls, with errors that name the option."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError

from landseer.errors import UsageError
from landseer.recipe.problems import Problem
from landseer.recipe.validation import problems_of


def make_settings(model: type[BaseModel], values: dict[str, Any]) -> Any:
    """Validate options.

    Args:
        model: the settings' model; its fields are called like the options.
        values: what was given.

    Raises:
        UsageError: options have wrong values; all of them are listed.
    """
    try:
        return model(**values)
    except ValidationError as error:
        lines = [_line(problem) for problem in problems_of(error, model)]
        raise UsageError("\n  ".join(lines)) from error


def _line(problem: Problem) -> str:
    """Write one problem with the option's name instead of the key's."""
    option = ".".join(map(str, problem.path)).replace("_", "-")
    return f"--{option}: {problem.message}" if option else problem.message
