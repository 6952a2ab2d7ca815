"""The whole page: its sections, its figures, nothing from outside, the same bytes each time."""

from __future__ import annotations

import dataclasses
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from landseer.report.build import build_report
from landseer.report.config import ReportConfig
from landseer.report.outcome import Outcome
from landseer.report.parts import number

from .conftest import SIDE, THREE

SECTIONS = "score choices examples suspects data places folds leak channels training recipe".split()
VOID = {"meta", "img", "br", "rect", "path", "use"}


class Page(HTMLParser):
    """Elements in order, with text; complains about tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [a for t, a in self.tags if t == tag and wanted.items() <= a.items()]


def page_of(outcome: Outcome, folder: Path) -> tuple[Page, str]:
    build_report(outcome, folder / "index.html")
    text = (folder / "index.html").read_text(encoding="utf-8")
    return Page(text), text


@pytest.fixture(scope="module")
def built(outcome: Outcome, tmp_path_factory: pytest.TempPathFactory) -> tuple[Page, str]:
    return page_of(outcome, tmp_path_factory.mktemp("page"))


def test_every_section_is_there_and_in_the_navigation(built):
    page, _ = built
    assert [a["id"] for a in page.all("section")] == SECTIONS
    assert [a["href"] for a in page.all("a")] == [f"#{key}" for key in SECTIONS]


def test_figures_are_those_of_the_selection(built, outcome):
    page, _ = built
    selection = outcome.selection
    wanted = [
        f"{selection.crossfit.value:.4f}", f"{selection.optimistic.value:.4f}",
        f"{selection.crossfit.low:.3f} to {selection.crossfit.high:.3f}", f"{selection.threshold:.2f} taken",
        *(f"{fold.scores['dice_foreground']:.4f}" for fold in selection.folds),
        *(f"{selection.scores[f'precision_{name}']:.4f}" for name in outcome.classes.names),
        *(f"{member.score:.4f}" for member in selection.members),
    ]  # fmt: skip
    assert [w for w in wanted if w not in page.text] == []
    assert "91.0% 222" in page.text
    assert "1,234,567" in page.text and "2 of 3" in page.text and "2 min" in page.text


def test_nothing_is_asked_from_outside(built):
    page, text = built
    for _, attributes in page.tags:
        for name in ("src", "href", "xlink:href", "srcset", "poster", "data"):
            assert re.match(r"#|data:image/(jpeg|png);base64,", attributes.get(name) or "#")
    assert not page.all("script") and not page.all("link") and not page.all("iframe")
    assert "@import" not in text
    assert all(target.startswith("#") for target in re.findall(r"url\(['\"]?([^)'\"]+)", text))
    outside = set(re.findall(r"https?://[^\s\"'<]+", text))
    assert all("www.w3.org" in address for address in outside)


def test_names_are_escaped(built):
    page, text = built
    assert "<b>&$x$" not in text and "kelp &lt;b&gt;&amp;$x$" in text
    assert "<script" not in text and "<script>alert(1)</script>" in page.text
    assert "group <g1> is large" in page.text


def test_the_same_outcome_gives_the_same_bytes(built, outcome, tmp_path):
    assert page_of(outcome, tmp_path)[1] == built[1]


def test_small_and_with_alternatives(built):
    page, text = built
    assert len(text) < 1_000_000
    assert all("alt" in image for image in page.all("img"))
    assert all(drawn["aria-label"] for drawn in page.all("svg"))
    assert all("max-width" in d["style"] for d in page.all("svg", role="img") if "style" in d)


def test_letters_stay_letters_of_the_page(built):
    _, text = built
    assert "var(--sans)" in text and "DejaVu Sans'" not in text
    assert not re.search(r'<g id="', text)
    assert re.search(r"<text[^>]*>dice_foreground</text>", text)


def test_scale_bars_where_the_ground_is_known(built, build_outcome, tmp_path):
    _, text = built
    ground_m = SIDE * 30
    bars = re.findall(r'class="bar" style="width:([\d.]+)%">(\d+) m<', text)
    assert bars and all(
        float(share) == pytest.approx(100 * int(length) / ground_m, abs=0.01)
        for share, length in bars
    )
    assert 'class="bar"' not in page_of(build_outcome(), tmp_path)[1]


def test_more_than_two_classes(build_outcome, tmp_path):
    page, text = page_of(build_outcome(THREE), tmp_path)
    assert "wood" in page.text and "right" in page.text and "false alarms" not in page.text
    assert "greatest probability" in page.text
    assert len(re.findall(r'alt="s\d\d, prediction"', text)) == 4


def test_bare_run(build_outcome, tmp_path):
    """No groups, findings, curves, histories, times, balance, intervals or pictures; a single member."""
    outcome = build_outcome(
        grouped=False, n_epochs=0, ttas=("none",), select_config={"threshold": "argmax"},
        config=ReportConfig(examples=0, contact_sheet=0, groups=0), seconds={}, proof={}, recipe="{}",
    )  # fmt: skip
    outcome = dataclasses.replace(
        outcome, listed=outcome.listed[:0], members=outcome.members[:1], pairs=outcome.pairs[:0]
    )
    page, _ = page_of(outcome, tmp_path)
    assert [a["id"] for a in page.all("section")] == SECTIONS
    assert not page.all("img")
    assert "Score at each threshold" not in page.text and "Training loss" not in page.text


def test_undefined_figures_are_dashes(build_outcome, tmp_path):
    outcome = build_outcome()
    nan = math.nan
    crossfit = outcome.selection.crossfit.model_copy(update={"value": nan, "low": nan, "high": nan})
    folds = tuple(
        f.model_copy(update={"scores": {"dice_foreground": nan}}) for f in outcome.selection.folds
    )
    selection = outcome.selection.model_copy(update={"crossfit": crossfit, "folds": folds})
    page, _ = page_of(dataclasses.replace(outcome, selection=selection), tmp_path)
    assert "interval – to –" in page.text
    assert not re.search(r"\bnan\b", page.text, re.IGNORECASE)


def test_many_members(build_outcome, tmp_path):
    page, _ = page_of(
        build_outcome(
            seeds=tuple(range(7)),
            n=4,
            config=ReportConfig(examples=0, contact_sheet=0, groups=0),
            ttas=("none",),
        ),
        tmp_path,
    )
    assert "median of members" in page.text
    assert len(page.all("details")) >= 3


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.12345, "0.1235"), (None, "–"), (math.nan, "–"), (12345.6, "12,346"), (7, "7"), (1234567, "1,234,567"),
     (-12.345, "-12.35"), (1e-41, "0"), (0.0, "0"), (math.inf, "∞"), (150.357, "150.4")],
)  # fmt: skip
def test_number(value: float | None, text: str):
    assert number(value) == text
