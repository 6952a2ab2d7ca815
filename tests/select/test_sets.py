"""Names of sets of predictions."""

import pytest

from landseer.errors import UsageError
from landseer.select import SelectConfig
from landseer.select.sets import candidate_sets, parse_set


@pytest.mark.parametrize(
    ("name", "taken", "cost"),
    [
        ("none", ["a", "b", "c"], 3),
        ("d4", ["a", "b", "c"], 24),
        ("d4+best2", ["a", "b"], 16),
        ("flips@1,1.5+epoch2", ["b"], 3 * (1 + 1.5**2)),
        ("none+epoch9", ["c"], 1),
    ],
)
def test_a_name_says_views_epochs_and_cost(name, taken, cost):
    found = parse_set(name)
    assert list(found.of(["a", "b", "c"])) == taken and found.cost(3) == pytest.approx(cost)


@pytest.mark.parametrize("name", ["turns", "d4+worst1", "d4+best0", "d4+best"])
def test_other_names_are_refused(name):
    with pytest.raises(UsageError):
        parse_set(name)


def test_candidates_come_cheapest_first_and_plain_recipes_keep_theirs():
    assert candidate_sets(["d4", "none"], SelectConfig(), 3) == ("d4", "none")
    chosen = candidate_sets(["none", "d4"], SelectConfig(checkpoints="choose", scales=(1, 1.5)), 2)
    assert chosen[0] == "none+best1" and set(chosen) == {
        f"{views}{zoom}{epochs}"
        for views in ("none", "d4")
        for zoom in ("", "@1,1.5")
        for epochs in ("", "+best1")
    }
    costs = [parse_set(name).cost(2) for name in chosen]
    assert costs == sorted(costs)
    greedy = SelectConfig(weights="greedy", checkpoints="choose", scales=(1, 1.5))
    apart = candidate_sets(["none"], greedy, 2)
    assert set(apart) == {f"none{zoom}+epoch{n}" for zoom in ("", "@1.5") for n in (1, 2)}
