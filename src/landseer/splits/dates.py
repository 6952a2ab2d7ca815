"""Dates: from what a data set writes to the first and last day that it may mean."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from landseer.errors import DataError, StageError
from landseer.samples.schema import is_missing, shorten

Days = NDArray[np.int64]
Span = tuple[date, date]

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_NAME = "(" + "|".join(_MONTHS) + r")[a-z]*\.?"


def day_spans(rows: gpd.GeoDataFrame, date_format: str | None) -> tuple[Days, Days]:
    """Return the first and the last day of each sample's date, as day numbers.

    Args:
        rows: samples with the column `date`.
        date_format: as `datetime.strptime` wants it; None reads the forms of `read_date`.

    Raises:
        StageError: samples have no date.
        DataError: dates cannot be read; they are named.
    """
    lost = [s for s, v in zip(rows["sample"], rows["date"], strict=True) if is_missing(v)]
    if lost:
        raise StageError(
            f"expected a date for every training sample; {len(lost)} of {len(rows)} have none ({shorten(lost)})",
            where="column date",
            do="give dates in the recipe, by data.date or data.date_table, or use another split.kind",
        )
    spans = {text: _read(text, date_format) for text in dict.fromkeys(map(str, rows["date"]))}
    wrong = [text for text, span in spans.items() if span is None]
    if wrong:
        form = (
            f"dates written as {date_format}"
            if date_format
            else "dates such as 2019-07-14, 2019-07 or 2019"
        )
        first = next(
            s for s, v in zip(rows["sample"], rows["date"], strict=True) if str(v) in wrong
        )
        raise DataError(
            f"expected {form}; got {len(wrong)} that cannot be read ({shorten(map(repr, wrong))})",
            where=f"column date, sample {first}",
            do="correct them, or say how they are written by split.date_format, such as '%d/%m/%Y'",
        )
    days = [[day.toordinal() for day in spans[str(text)] or ()] for text in rows["date"]]
    table = np.array(days, np.int64).reshape(len(rows), 2)
    return table[:, 0], table[:, 1]


def read_date(text: str) -> Span | None:
    """Read a date in ISO 8601 or another form that cannot be mistaken.

    Returns:
        The first and the last day that it may mean, or None. Times with an offset count by their day in UTC.

    Read: 2019-07-14 (also with / _ . or nothing between), with a time after T or a space; 2019-W28-7; 2019-195 and
        2019195 (day of the year); 2019-07 and 2019 (all days of it); 14.07.2019; 14 Jul 2019; Jul 14, 2019.
    Edges: 07/14/2019 and 14-07-2019 may be either order: None.
    """
    text = text.strip()
    for form, read in _FORMS:
        match = form.fullmatch(text)
        if match:
            try:
                return read(*match.groups())
            except (ValueError, OverflowError):
                return None
    return _iso(text)


def _iso(text: str) -> Span | None:
    """Read what the standard library takes for ISO 8601."""
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        return None
    return moment.date(), moment.date()


def _read(text: str, date_format: str | None) -> Span | None:
    """Read a date in a given form, or in a known one."""
    if date_format is None:
        return read_date(text)
    try:
        found = datetime.strptime(text.strip(), date_format)
    except (ValueError, re.error):
        return None
    if re.search(r"%[djcxUWVeD]", date_format):
        return found.date(), found.date()
    return (
        _month(found.year, found.month) if re.search("%[mbB]", date_format) else _year(found.year)
    )


def _day(year: str, month: str, day: str) -> Span:
    """Return one day."""
    found = date(int(year), int(month), int(day))
    return found, found


def _day_of_year(year: str, number: str) -> Span:
    """Return one day, counted from the start of its year."""
    found = date(int(year), 1, 1) + timedelta(days=int(number) - 1)
    if found.year != int(year):
        raise ValueError(f"{year} has no day {number}")
    return found, found


def _named(day: str, month: str, year: str) -> Span:
    """Return one day of a month that is given by name."""
    return _day(year, str(_MONTHS.index(month.lower()) + 1), day)


def _month(year: int, month: int) -> Span:
    """Return a month's first and last day."""
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])


def _year(year: int) -> Span:
    """Return a year's first and last day."""
    return date(year, 1, 1), date(year, 12, 31)


_FORMS: tuple[tuple[re.Pattern[str], Callable[..., Span]], ...] = (
    (re.compile(r"(\d{4})"), lambda year: _year(int(year))),
    (re.compile(r"(\d{4})[-/_.](\d{2})"), lambda year, month: _month(int(year), int(month))),
    (re.compile(r"(\d{4})([-/_.])(\d{1,2})\2(\d{1,2})"), lambda y, _, m, d: _day(y, m, d)),
    (re.compile(r"(\d{4})[-_]?(\d{3})"), _day_of_year),
    (re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})"), lambda d, m, y: _day(y, m, d)),
    (re.compile(rf"(\d{{1,2}})[ _-]?{_NAME},?[ _-]?(\d{{4}})", re.I), _named),
    (
        re.compile(rf"{_NAME}[ _-]?(\d{{1,2}}),?[ _-](\d{{4}})", re.I),
        lambda m, d, y: _named(d, m, y),
    ),
)
"""Forms that the standard library does not read, the more usual ones first."""
