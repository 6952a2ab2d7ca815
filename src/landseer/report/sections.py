"""The sections of the report, in the order in which people ask: is it true, what is in it, how was it made."""

from __future__ import annotations

from collections.abc import Callable

from landseer.report.leak import leak_section
from landseer.report.making import recipe_section, training_section
from landseer.report.material import channels_section, data_section, folds_section, places_section
from landseer.report.outcome import Outcome
from landseer.report.parts import Section
from landseer.report.results import choices_section, examples_section, score_section
from landseer.report.suspects import suspects_section

SECTIONS: tuple[Callable[[Outcome], Section], ...] = (
    score_section,
    choices_section,
    examples_section,
    suspects_section,
    data_section,
    places_section,
    folds_section,
    leak_section,
    channels_section,
    training_section,
    recipe_section,
)
