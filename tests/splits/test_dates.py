"""Dates as data sets write them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseer.errors import DataError, StageError
from landseer.splits.dates import day_spans, read_date


@pytest.mark.parametrize(
    "text",
    [
        "2019-07-04", "20190704", "2019/07/04", "2019_07_04", "2019.07.04", "2019-7-4", "2019-07-04T10:11:12Z",
        "2019-07-04 10:11", "20190704T101112", "2019-07-05T01:00:00+02:00", "2019-185", "2019185", "04.07.2019",
        "4 Jul 2019", "04-JUL-2019", "4 July 2019", "Jul 4, 2019", "2019-W27-4", " 2019-07-04 ",
    ],
)  # fmt: skip
def test_forms_of_one_day(text):
    assert read_date(text) == (date(2019, 7, 4), date(2019, 7, 4))


def test_months_and_years_are_all_their_days():
    assert read_date("2020-02") == (date(2020, 2, 1), date(2020, 2, 29))
    assert read_date("2019") == (date(2019, 1, 1), date(2019, 12, 31))


@pytest.mark.parametrize(
    "text",
    [
        "07/14/2019", "14-07-2019", "2019-13-01", "2019-02-30", "2019-366", "yesterday", "", "190714", "2019-07-14x",
        "31.02.2019", "0000", "32 Jul 2019",
    ],
)  # fmt: skip
def test_what_may_be_mistaken_is_not_read(text):
    assert read_date(text) is None


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)))
def test_every_day_is_read_as_itself(day):
    for form in ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%Y%j", "%Y-%j", "%d.%m.%Y"):
        assert read_date(day.strftime(form)) == (day, day), form


def test_unreadable_dates_are_named(table):
    frame = table(range(3), date=["2019-07-14", "07/14/2019", "soon"])
    with pytest.raises(
        DataError, match=r"got 2 that cannot be read \('07/14/2019', 'soon'\)"
    ) as error:
        day_spans(frame, None)
    assert "sample s0001" in error.value.where and "split.date_format" in error.value.do
    with pytest.raises(StageError, match=r"1 of 3 have none \(s0002\)"):
        day_spans(frame.assign(date=["2019", "2020", None]), None)


def test_a_form_may_be_given(table):
    frame = table(range(2), date=["07/14/2019", "01/02/2019"])
    first, last = day_spans(frame, "%m/%d/%Y")
    assert [date.fromordinal(day) for day in first] == [date(2019, 7, 14), date(2019, 1, 2)]
    assert (first == last).all()
    first, last = day_spans(table([0], date=["02.2020"]), "%m.%Y")
    assert last[0] - first[0] == 28
    assert (
        day_spans(table([0], date=["y2020"]), "y%Y")[1]
        - day_spans(table([0], date=["y2020"]), "y%Y")[0]
    )[0] == 365
    with pytest.raises(DataError, match="dates written as %m/%d/%Y"):
        day_spans(table([0], date=["2019-07-14"]), "%m/%d/%Y")
