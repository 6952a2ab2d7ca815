"""YAML without its surprises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landseer.errors import RecipeError
from landseer.recipe.yaml_file import dump_yaml, parse_yaml


def test_norwegian_bands_stay_text_and_small_numbers_are_numbers() -> None:
    values, _ = parse_yaml("a: NO\nb: on\nc: 1e-3\nd: true\ne: 3\nf: yes\ng: 1.5e-4\nh: -2.0", "x")
    assert values == {
        "a": "NO", "b": "on", "c": 1e-3, "d": True, "e": 3, "f": "yes", "g": 1.5e-4, "h": -2.0,
    }  # fmt: skip


def test_a_key_that_stands_twice_is_refused_with_both_lines() -> None:
    with pytest.raises(RecipeError, match="got 'a' on lines 1 and 3"):
        parse_yaml("a: 1\nb: 2\na: 3\n", "recipe.yaml")


def test_every_key_knows_its_line_and_column() -> None:
    _, marks = parse_yaml("train:\n  epochs: 3\nloss:\n  - kind: dice\n", "x")
    assert marks[("train", "epochs")] == (2, 3)
    assert marks[("loss", 0, "kind")] == (4, 5)


def test_text_that_is_not_yaml_is_refused_with_its_place() -> None:
    with pytest.raises(RecipeError, match=r"r\.yaml:2:"):
        parse_yaml("a: [1\nb: 2", "r.yaml")


def test_dates_octals_times_and_underscores_stay_text() -> None:
    values, _ = parse_yaml("a: 2020-01-01\nb: 012\nc: 1:30\nd: 1_000\ne: 0x1F\nf: ~\ng: -7", "x")
    assert values == {
        "a": "2020-01-01", "b": "012", "c": "1:30", "d": "1_000", "e": "0x1F", "f": None, "g": -7,
    }  # fmt: skip


def test_all_keys_that_stand_twice_are_listed() -> None:
    with pytest.raises(RecipeError) as caught:
        parse_yaml("a: 1\na: 2\nb:\n  c: 1\n  c: 2\n", "r.yaml")
    assert caught.value.message.splitlines() == [
        "expected each key once, got 'a' on lines 1 and 2",
        "expected each key once, got 'c' on lines 4 and 5",
    ]


def test_anchors_and_merges_work() -> None:
    values, marks = parse_yaml("a: &x {k: 1}\nb: *x\nc:\n  <<: *x\n  l: 2\n", "r.yaml")
    assert values == {"a": {"k": 1}, "b": {"k": 1}, "c": {"k": 1, "l": 2}}
    assert marks[("b",)] == (2, 1)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: &x [*x]", "a value that holds itself"),
        ("a: \x00", "unacceptable character"),
        ("a: 1\n---\nb: 2", "another document"),
        ("? [a]\n: b", "unhashable"),
        ("a: !!python/object:os.system x", "could not determine a constructor"),
        ("a: *x", "undefined alias"),
        ("\ta: 1", "cannot start any token"),
        ("[" * 500, "recursion"),
    ],
)
def test_what_recipes_never_need_is_refused_in_one_line(text: str, why: str) -> None:
    with pytest.raises(RecipeError, match="expected YAML") as caught:
        parse_yaml(text, "r.yaml")
    assert why in caught.value.message
    assert "\n" not in caught.value.message


def test_aliases_that_multiply_are_walked_once() -> None:
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)]
    _, marks = parse_yaml("\n".join(lines), "r.yaml")
    assert len(marks) < 200


def test_nothing_is_an_empty_recipe() -> None:
    assert parse_yaml("# only a comment\n", "r.yaml") == ({}, {})


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]))
    | st.sampled_from(["NO", "on", "012", "1e5", "1_0", "2020-01-01", "1:30", "~", "null", "0x1"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc01", min_size=1), inner)
    ),
    max_leaves=8,
)


@given(VALUES)
def test_what_is_dumped_is_read_back(value: object) -> None:
    assert parse_yaml(dump_yaml({"a": value}), "x")[0] == {"a": value}
