"""The report's sections, in the order in which people ask: is it true, what is in it, how was it made.

A section of something that the run does not have is None, and not shown.
"""

from __future__ import annotations

from collections.abc import Callable

from landseer.report.leak import leak_section
from landseer.report.making import recipe_section, training_section
from landseer.report.maps_section import maps_section
from landseer.report.material import channels_section, data_section, folds_section, places_section
from landseer.report.outcome import Outcome
from landseer.report.parts import Section
from landseer.report.rectified_section import rectified_section
from landseer.report.reliability_section import reliability_section
from landseer.report.results import choices_section, examples_section, score_section
from landseer.report.suspects import suspects_section
from landseer.report.value_examples import value_examples_section
from landseer.report.value_sections import values_section

SECTIONS: tuple[Callable[[Outcome], Section | None], ...] = (
    score_section,
    values_section,
    maps_section,
    choices_section,
    reliability_section,
    examples_section,
    value_examples_section,
    rectified_section,
    suspects_section,
    data_section,
    places_section,
    folds_section,
    leak_section,
    channels_section,
    training_section,
    recipe_section,
)
