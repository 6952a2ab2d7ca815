"""Write what follows from the code: the reference pages, and the list of modules in ARCHITECTURE.md.

`python docs/make_reference.py` writes them; with `--check` it says which are out of date, and exits with 1 if any is.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from landseer.cli.main import VERBS
from landseer.losses.family import LOSSES
from landseer.losses.fitting import FITTING
from landseer.metrics.scores import score_names
from landseer.recipe.schema import Recipe
from landseer.spectral.catalogue import KELP_PREFIX as PREFIX
from landseer.spectral.catalogue import Index, clashes, load_catalogue
from landseer.submit import METRICS

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "landseer"
MODULES = re.compile(r"(?<=<!-- modules -->\n).*(?=<!-- /modules -->)", re.DOTALL)
NOTE = "<!-- Written by docs/make_reference.py from the code. Change the code, not this page. -->"

_TAGS = ("kind", "adapter")
_WORDS = {"integer": "whole number", "number": "number", "boolean": "true or false", "null": "null"}
_LIMITS = {
    "minimum": "≥ {}", "exclusiveMinimum": "> {}", "maximum": "≤ {}", "exclusiveMaximum": "< {}",
    "pattern": "like `{}`",
}  # fmt: skip

Schema = dict[str, Any]


def pages() -> dict[str, str]:
    """Return the text of every page by its path below the project's folder."""
    return {
        "docs/reference/recipe.md": recipe_page(),
        "docs/reference/verbs.md": verbs_page(),
        "docs/reference/indices.md": indices_page(),
        "docs/reference/losses-and-metrics.md": losses_and_metrics_page(),
        "ARCHITECTURE.md": architecture_page(),
    }


def recipe_page() -> str:
    """List every key of the recipe with its type, default and meaning."""
    schema = Recipe.model_json_schema()
    models: dict[str, Schema] = schema["$defs"]
    heads = ("key", "type", "default", "meaning")
    parts = [
        "# Recipe keys",
        NOTE,
        "One YAML file says everything that a run does. A key that is left out keeps its default. A key that "
        "does not exist is an error; the nearest one that does is named. `landseer check` prints a recipe with "
        "all its keys, `landseer init` writes one with comments.",
        "On the command line a dot goes one level down and a number picks one of a list: "
        "`train.epochs=50`, `loss.0.weight=0.5`. Numbers with an exponent may be written `3e-4`; only `true` "
        "and `false` are booleans, so a band may be called `NO` or `on`. None is written `null`.",
        "## Top level",
        _table(
            heads, (_key_row(name, field, schema) for name, field in schema["properties"].items())
        ),
    ]
    for key, field in schema["properties"].items():
        found = _models_in(field, models)
        if found:
            parts += [f"## {key}", *_section(key, found, models, set())]
    return _join(parts)


def _section(
    path: str, found: Sequence[Schema], models: Mapping[str, Schema], seen: set[str]
) -> Iterable[str]:
    """Describe the models that may stand under one key, and those inside them."""
    for model in found:
        if model["title"] in seen:
            continue
        seen.add(model["title"])
        tags = {
            k: v["const"] for k, v in model["properties"].items() if k in _TAGS and "const" in v
        }
        if tags:
            yield f"### {path}: " + ", ".join(f"`{name}: {value}`" for name, value in tags.items())
        elif "." in path:
            yield f"### {path}"
        yield model.get("description", "")
        fields = {k: v for k, v in model["properties"].items() if k not in tags}
        if fields:
            rows = (_key_row(name, field, model) for name, field in fields.items())
            yield _table(("key", "type", "default", "meaning"), rows)
        for name, field in fields.items():
            inner = _models_in(field, models)
            if inner:
                yield from _section(f"{path}.{name}", inner, models, seen)


def _models_in(field: Schema, models: Mapping[str, Schema]) -> list[Schema]:
    """Return the models that a field may hold, in the order of the code."""
    found = []
    if "$ref" in field:
        found.append(models[field["$ref"].rpartition("/")[2]])
    for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for inner in field.get(key, ()):
            found += _models_in(inner, models)
    if isinstance(field.get("items"), dict):
        found += _models_in(field["items"], models)
    return found


def _key_row(name: str, field: Schema, model: Schema) -> tuple[str, ...]:
    """Return one row: key, type, default, meaning."""
    required = name in model.get("required", ())
    default = "required" if required else _default(field.get("default", {}))
    return f"`{name}`", _type(field), default, field.get("description", "")


def _default(value: Any) -> str:
    """Write a default as it would stand in a recipe."""
    if isinstance(value, dict):
        tag = next((f"{t}: {value[t]}" for t in _TAGS if t in value), None)
        return f"`{tag}`" if tag else "`{}`" if not value else "see below"
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return ", ".join(_default(item) for item in value)
    written = json.dumps(value, ensure_ascii=False)
    return f"`{written}`" if value == "" else f"`{written}`".replace('"', "")


def _type(field: Schema) -> str:
    """Say in words what a field may hold."""
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    for key in ("anyOf", "oneOf"):
        if key in field:
            return _either(field[key])
    if "$ref" in field:
        return "keys"
    limits = [text.format(field[key]) for key, text in _LIMITS.items() if key in field]
    least = (
        0 if "prefixItems" in field else max(field.get("minItems", 0), field.get("minLength", 0))
    )
    if least:
        limits.append("not empty" if least == 1 else f"at least {least}")
    return ", ".join([_plain(field), *limits])


def _either(options: Sequence[Schema]) -> str:
    """Join alternatives; several models are one of a kind."""
    words = [
        "keys of one `kind`" if len(options) > 2 and "$ref" in o else _type(o) for o in options
    ]
    return " or ".join(dict.fromkeys(words))


def _plain(field: Schema) -> str:
    """Name one simple type."""
    kind = field.get("type")
    if kind == "array":
        if "prefixItems" in field:
            return f"{len(field['prefixItems'])} × {_type(field['prefixItems'][0])}"
        return f"list of {_inside(field['items'])}"
    if kind == "object":
        inner = field.get("additionalProperties")
        return f"names, each with {_inside(inner)}" if isinstance(inner, dict) else "keys"
    if kind == "string":
        return "path" if field.get("format") == "path" else "text"
    return _WORDS.get(str(kind), str(kind))


def _inside(field: Schema) -> str:
    """Name the type of an item, in brackets where it would run into what follows."""
    words = _type(field)
    return f"({words})" if " or " in words or "," in words else words


def verbs_page() -> str:
    """List every verb with its arguments and options, as its help has them."""
    parts = [
        "# Verbs",
        NOTE,
        "`landseer VERB --help` says the same on a terminal. `landseer --debug VERB …` shows the traceback of "
        "an error; `landseer --version` prints the version. A verb ends with 0 when all is done, with 1 when it "
        "failed while working, with 2 when the command or the recipe is wrong, and with 130 when it was "
        "stopped by Ctrl-C. Results go to stdout, progress and errors to stderr.",
        _table(("verb", "what it does"), ((f"[{v}](#{v})", text) for v, text in VERBS.items())),
    ]
    for verb, summary in VERBS.items():
        command = verb_command(verb)
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        options = [p for p in command.params if p.param_type_name == "option"]
        usage = " ".join(["landseer", verb, *map(_usage, [*arguments, *options])])
        parts += [f"## {verb}", summary, f"```text\n{usage}\n```"]
        rows = [_parameter_row(p) for p in [*arguments, *options]]
        if rows:
            parts.append(_table(("argument", "default", "meaning"), rows))
    return _join(parts)


def verb_command(verb: str) -> Any:
    """Return the command behind a verb."""
    return typer.main.get_command(importlib.import_module(f"landseer.cli.{verb}").app)


def _usage(parameter: Any) -> str:
    """Return one piece of the usage line."""
    if parameter.param_type_name == "argument":
        name = parameter.metavar or parameter.name.upper() + ("…" if parameter.nargs == -1 else "")
        return name if parameter.required or name.startswith("[") else f"[{name}]"
    value = "" if parameter.is_flag else f" {parameter.name.upper()}"
    return (
        f"{parameter.opts[-1]}{value}" if parameter.required else f"[{parameter.opts[-1]}{value}]"
    )


def _parameter_row(parameter: Any) -> tuple[str, ...]:
    """Return one row: names, default, meaning."""
    if parameter.param_type_name == "argument":
        names = (
            f"`{_usage(parameter).strip('[]') if parameter.metavar is None else parameter.metavar}`"
        )
    else:
        names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
    default = parameter.default
    if parameter.required:
        shown = "required"
    else:
        shown = "" if default is None or default is False or default == [] else f"`{default}`"
    return names, shown, parameter.help or ""


def indices_page() -> str:
    """List the kelp system's indices, and the names that mean two things."""
    catalogue = load_catalogue()
    kelp = [(name, i) for name, i in catalogue.items() if name.startswith(PREFIX)]
    n_plain = len({i.name for i in catalogue.values() if i.source == "asi"})
    twice = clashes()
    parts = [
        "# Spectral indices",
        NOTE,
        f"The catalogue holds the {n_plain} indices of the Awesome Spectral Indices "
        "([doi 10.1038/s41597-023-02096-0](https://doi.org/10.1038/s41597-023-02096-0)) "
        f"and the {len(kelp)} of the kelp system. A plain name has the meaning of the Awesome Spectral Indices "
        f"where they have the name; `{PREFIX}NAME` always takes the kelp system's. "
        "Names that are in one of them alone need no prefix. `landseer indices` lists and searches all of them.",
        "Letters in formulas are band codes: `A` coastal, `B` blue, `G` green, `R` red, `RE1` `RE2` `RE3` red "
        "edge, `N` near infrared, `N2` narrow near infrared, `S1` and `S2` short-wave infrared, `T` thermal, "
        "`DEM` elevation, `QA` quality. [Formula language](formula-language.md) says what else may stand "
        "in one.",
        "## Names that mean two things",
        f"{len(twice)} names give other numbers in the two systems. Choose on purpose.",
        _table(
            ("name", "plain", f"`{PREFIX}` prefix"),
            ((n, f"`{_with_constants(a)}`", f"`{k.formula}`") for n, (a, k) in twice.items()),
        ),
        "## Indices of the kelp system",
        "Indices without a mask are masks themselves: `inputs.keep_index_where` leaves them alone.",
        _table(
            ("name", "formula", "in words", "mask", "source"),
            (
                (f"`{name}`", f"`{i.formula}`", i.long_name, _yes(i.masked), i.doi or i.reference)
                for name, i in kelp
            ),
        ),
    ]
    return _join(parts)


def _with_constants(index: Index) -> str:
    """Return a formula with the defaults of its constants."""
    given = ", ".join(
        f"{name}={value:g}" for name, value in index.constants.items() if value is not None
    )
    return f"{index.formula}; {given}" if given else index.formula


def _yes(value: bool) -> str:
    """Write a flag."""
    return "yes" if value else "no"


def losses_and_metrics_page() -> str:
    """List the names of losses, of scores and of official metrics."""
    names = score_names(("background", "kelp"))
    parts = [
        "# Losses and metrics",
        NOTE,
        "## Losses",
        "Values of `loss[].kind`. All of them leave out ignored pixels. Their settings are listed under "
        "[recipe keys](recipe.md#loss); several terms are added with their weights.",
        _table(
            ("kind", "what it is", "quantities that it fits"),
            ((f"`{k}`", _first_line(f), _quantities(k)) for k, f in LOSSES.items()),
        ),
        "## Scores",
        "Values of `select.metric` and `train.monitor`. Every score is computed from one confusion matrix, "
        "pooled over all pixels of all samples that it counts. For the classes `background` and `kelp` the "
        "names are:",
        "```text\n" + "\n".join(names) + "\n```",
        "`_macro` is the mean over all classes with the background, `_foreground` the mean over all classes "
        "but the first. A score that is 0/0 is undefined; means leave it out. Why this matters: "
        "[honest scores](../explanation/honest-scores.md).",
        "## Official metrics",
        "Values of `landseer score --metric`, for any two files, folders or archives.",
        _table(("metric", "what it counts"), ((f"`{n}`", m.counts) for n, m in METRICS.items())),
    ]
    return _join(parts)


def _quantities(loss: str) -> str:
    """Name the quantities that a loss fits."""
    return ", ".join(f"`{kind}`" for kind, losses in FITTING.items() if loss in losses)


def _first_line(function: Callable[..., Any]) -> str:
    """Return the first line of a docstring."""
    return (inspect.getdoc(function) or "").splitlines()[0]


def architecture_page() -> str:
    """Return ARCHITECTURE.md with one line per module, room by room from the ground up."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    parts = ["### the package", _lines(SOURCE.glob("*.py"))]
    for room in rooms():
        if (SOURCE / room).is_dir():
            parts += [f"### {room}", _lines((SOURCE / room).rglob("*.py"))]
    return MODULES.sub(lambda _: f"\n{_join(parts)}\n", text)


def rooms() -> list[str]:
    """List the rooms as import-linter knows them, the lowest first."""
    layers = re.search(r"layers =\n((?: {4}.*\n)+)", (ROOT / ".importlinter").read_text("utf-8"))
    lines = layers[1].splitlines() if layers else []
    return [room.strip() for line in reversed(lines) for room in line.split("|")]


def _lines(files: Iterable[Path]) -> str:
    """Say of each file in one line what it is for: the first paragraph of its docstring."""
    ordered = sorted(files, key=lambda path: (path.name != "__init__.py", str(path)))
    return "\n".join(
        f"- `{path.relative_to(SOURCE).as_posix()}`: {_idea(path)}" for path in ordered
    )


def _idea(path: Path) -> str:
    """Return the first paragraph of a module's docstring as one line."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split())


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    """Keep a text on one line and inside its cell."""
    return " ".join(str(text).split()).replace("|", "\\|")


def _join(parts: Iterable[str]) -> str:
    """Join paragraphs."""
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or say which differ from the code."""
    stale = []
    for name, text in pages().items():
        path = ROOT / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in arguments:
                path.write_text(text, encoding="utf-8")
    done = "out of date" if "--check" in arguments else "written"
    sys.stdout.write("".join(f"{name}: {done}\n" for name in stale))
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
