"""A sheet as one image: panels in rows with captions, scale bars, a legend, a title and notes, drawn pixel by pixel."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from landseer.report.parts import Bar, Mark, number
from landseer.report.pictures import Ramp
from landseer.track.figures import FAINT, INK

Font = ImageFont.FreeTypeFont

MARGIN, GAP = 16, 8
"""Space around a sheet and between its panels, px."""

_TEXT, _TITLE = 12, 17
_LEADING = 1.35
_PALETTE_COLOURS = 256
_DARK = "#10181c"


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture of a sheet.

    Attributes:
        image: what is shown, as large as it is shown.
        caption: lines below it, each cut to its width.
    """

    image: Image.Image
    caption: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """Panels beside each other, wrapped where the sheet ends, with an optional line above them."""

    panels: tuple[Panel, ...]
    head: str = ""


def draw_sheet(
    rows: Sequence[Row],
    *,
    title: str = "",
    notes: Sequence[str] = (),
    marks: Sequence[Mark] = (),
    ramps: Sequence[Ramp] = (),
    width_px: int = 1280,
) -> Image.Image:
    """Draw a sheet.

    Args:
        rows: of panels, from the top.
        title: above all; "" for none.
        notes: lines below it, wrapped.
        marks: legend, below the notes.
        ramps: continuous legends, beside the marks.
        width_px: of the sheet; it grows where a single panel is wider, and shrinks where no row needs it.

    Returns:
        An RGB image.
    """
    inner = max([width_px - 2 * MARGIN, *(p.image.width for row in rows for p in row.panels)])
    lines = [part for row in rows for part in _wrapped(row, inner)]
    needed = max([sum(p.image.width + GAP for p in row.panels) - GAP for row in lines], default=0)
    inner = min(inner, max(needed, min(inner, 420)))
    head = _head(title, notes, marks, ramps, inner)
    strips = [head, *(_line(row, inner) for row in lines)]
    strips = [strip for strip in strips if strip.height]
    height = sum(strip.height + GAP for strip in strips) - GAP + 2 * MARGIN
    sheet = Image.new("RGB", (inner + 2 * MARGIN, max(height, 1)), "white")
    top = MARGIN
    for strip in strips:
        sheet.paste(strip, (MARGIN, top))
        top += strip.height + GAP
    return sheet


def to_image(picture: NDArray[np.float32]) -> Image.Image:
    """Turn (h, w, 3) in 0..1 into an image of the same size."""
    return Image.fromarray(np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8))


def with_bar(image: Image.Image, bar: Bar | None) -> Image.Image:
    """Draw a scale bar onto a copy of an image, white with a dark casing; None changes nothing."""
    if bar is None:
        return image
    image = image.copy()
    draw = ImageDraw.Draw(image)
    length = round(image.width * bar.share_pct / 100)
    x, y = round(0.05 * image.width), image.height - round(0.05 * image.height) - 3
    draw.rectangle((x - 1, y - 1, x + length + 1, y + 3), _DARK)
    draw.rectangle((x, y, x + length, y + 2), "white")
    words, face = bar.text, font(_TEXT - 1, bold=True)
    draw.text((x, y - 3), words, "white", face, anchor="ls", stroke_width=2, stroke_fill=_DARK)
    return image


def stack(images: Sequence[Image.Image], width_px: int) -> Image.Image:
    """Put images below each other on white, flush left."""
    both = Image.new("RGB", (width_px, sum(image.height for image in images)), "white")
    top = 0
    for image in images:
        both.paste(image, (0, top))
        top += image.height
    return both


def text_line(words: str, width_px: int) -> Image.Image:
    """Draw one bold line, cut to a width."""
    line = Image.new("RGB", (width_px, round(_LEADING * _TEXT) + 3), "white")
    face = font(_TEXT, bold=True)
    ImageDraw.Draw(line).text((0, 0), _cut(words, face, width_px), INK, face)
    return line


def draw_legend(marks: Sequence[Mark], ramps: Sequence[Ramp], width_px: int) -> Image.Image:
    """Draw the entries of a legend beside each other, wrapped; of height 0 where there are none."""
    entries = [*(_mark(mark) for mark in marks), *(_ramp(ramp) for ramp in ramps)]
    places, x, y, tall = [], 0, 6, 0
    for entry in entries:
        if x and x + entry.width > width_px:
            x, y, tall = 0, y + tall + 4, 0
        places.append((x, y))
        x, tall = x + entry.width + 16, max(tall, entry.height)
    legend = Image.new("RGB", (width_px, y + tall + 2 if entries else 0), "white")
    for entry, place in zip(entries, places, strict=True):
        legend.paste(entry, place)
    return legend


def png_bytes(image: Image.Image, *, few_colours: bool = False) -> bytes:
    """Return an image as PNG; of 256 colours where small files matter more than smooth shades."""
    if few_colours:
        found = (
            image.quantize(_PALETTE_COLOURS - 1, method=Image.Quantize.MEDIANCUT).getpalette() or []
        )
        palette = Image.new("P", (1, 1))
        palette.putpalette([255, 255, 255, *found[: 3 * (_PALETTE_COLOURS - 1)]])
        image = image.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


@cache
def font(size: int, *, bold: bool = False) -> Font:
    """Return the font that matplotlib carries, at this size in px."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path(), "fonts", "ttf", name)), size)


def _wrapped(row: Row, inner: int) -> list[Row]:
    """Break a row into lines that fit."""
    lines: list[list[Panel]] = [[]]
    used = 0
    for panel in row.panels:
        if lines[-1] and used + panel.image.width > inner:
            lines.append([])
            used = 0
        lines[-1].append(panel)
        used += panel.image.width + GAP
    return [Row(tuple(line), "" if i else row.head) for i, line in enumerate(lines)]


def _line(row: Row, inner: int) -> Image.Image:
    """Draw one line of panels with its head and captions."""
    head_px = round(_LEADING * _TEXT) + 4 if row.head else 0
    step = round(_LEADING * (_TEXT - 1))
    n_lines = max((len(panel.caption) for panel in row.panels), default=0)
    tallest = max((panel.image.height for panel in row.panels), default=0)
    strip = Image.new(
        "RGB", (inner, head_px + tallest + n_lines * step + (3 if n_lines else 0)), "white"
    )
    draw = ImageDraw.Draw(strip)
    if row.head:
        draw.text(
            (0, 0), _cut(row.head, font(_TEXT, bold=True), inner), INK, font(_TEXT, bold=True)
        )
    left = 0
    for panel in row.panels:
        strip.paste(panel.image, (left, head_px))
        for i, text in enumerate(panel.caption):
            below = head_px + panel.image.height + 3 + i * step
            words = _cut(text, font(_TEXT - 1), panel.image.width)
            draw.text((left, below), words, FAINT if i else INK, font(_TEXT - 1))
        left += panel.image.width + GAP
    return strip


def _head(
    title: str, notes: Sequence[str], marks: Sequence[Mark], ramps: Sequence[Ramp], inner: int
) -> Image.Image:
    """Draw title, notes and legends."""
    text, step = font(_TEXT), round(_LEADING * _TEXT)
    lines = [line for note in notes for line in _broken(note, text, inner)]
    title_px = round(_LEADING * _TITLE) + 2 if title else 0
    legend = draw_legend(marks, ramps, inner)
    strip = Image.new("RGB", (inner, title_px + len(lines) * step + legend.height), "white")
    draw = ImageDraw.Draw(strip)
    if title:
        draw.text((0, 0), _cut(title, font(_TITLE, bold=True), inner), INK, font(_TITLE, bold=True))
    for i, line in enumerate(lines):
        draw.text((0, title_px + i * step), line, FAINT, text)
    if legend.height:
        strip.paste(legend, (0, title_px + len(lines) * step))
    return strip


def _mark(mark: Mark) -> Image.Image:
    """Draw one entry: a box, a line or hatching, and its name."""
    text = font(_TEXT)
    entry = Image.new("RGB", (24 + round(text.getlength(mark.name)), 16), "white")
    draw = ImageDraw.Draw(entry)
    if mark.style == "line":
        draw.rectangle((0, 5, 17, 9), _DARK)
        draw.rectangle((0, 6, 17, 8), mark.colour)
    elif mark.style == "hatch":
        draw.rectangle((0, 1, 17, 13), "#dbdbdb", "#7d868b")
        for start in range(-10, 18, 5):
            draw.line(
                (max(start, 0), 13 - max(-start, 0), min(start + 12, 17), 13 - min(12, 17 - start)),
                "#a8a8a8",
            )
    else:
        draw.rectangle((0, 1, 17, 13), mark.colour, "#7d868b")
    draw.text((23, 0), mark.name, INK, text)
    return entry


def _ramp(ramp: Ramp) -> Image.Image:
    """Draw a ramp with the values at its ends and, where it is there, zero or the middle."""
    text, width = font(_TEXT - 1), 150
    middle = (ramp.low + ramp.high) / 2
    words = [f"{number(v, 2)}".replace("-", "−") for v in (ramp.low, middle, ramp.high)]
    words[-1] += f" {ramp.unit}" if ramp.unit else ""
    right = round(text.getlength(words[-1]))
    entry = Image.new("RGB", (width + right + 8, 29), "white")
    values = np.broadcast_to(np.linspace(ramp.low, ramp.high, width), (13, width))
    entry.paste(Image.fromarray(np.rint(ramp.paint(values) * 255).astype(np.uint8)), (4, 1))
    draw = ImageDraw.Draw(entry)
    draw.rectangle((4, 1, 3 + width, 13), outline="#7d868b")
    share = (middle - ramp.low) / max(ramp.high - ramp.low, 1e-12)
    for word, at, anchor in zip(
        words, (4, 4 + share * width, 4 + width), ("la", "ma", "ma"), strict=True
    ):
        draw.text((at, 15), word, FAINT, text, anchor=anchor)
    return entry


def _cut(words: str, face: Font, width: int) -> str:
    """Shorten a text to a width, with an ellipsis."""
    if face.getlength(words) <= width:
        return words
    kept = len(words)
    while kept and face.getlength(words[:kept] + "…") > width:
        kept -= 1
    return words[:kept] + "…"


def _broken(words: str, face: Font, width: int) -> list[str]:
    """Break a text into lines of a width."""
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and face.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
