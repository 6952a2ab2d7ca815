from pathlib import Path

import numpy as np
import pytest

from landseer.audit import many, match
from landseer.audit.compact import pack, unpack
from landseer.audit.components import connected_components
from landseer.audit.detail import band_pass, compare, equalise
from landseer.audit.match import match_places
from landseer.audit.register import register
from landseer.audit.settings import SamePlaceConfig
from landseer.audit.shelf import LayerShelf, Shelf
from landseer.errors import WriteError

BY_LANDMARKS = SamePlaceConfig(exhaustive_up_to=0)


def make_layers(fractal, n_places, n_views, *, seed=0, size=96):
    rng = np.random.default_rng(seed)
    layers, places = [], []
    for place in range(n_places):
        ground = fractal(160, 2.6, rng)
        for _ in range(n_views):
            row, col = rng.integers(0, 33, 2)
            view = ground[row : row + size, col : col + size]
            layers.append((view + 0.1 * rng.standard_normal(view.shape)).astype(np.float32))
            places.append(place)
    order = rng.permutation(len(layers))
    return [layers[k] for k in order], [places[k] for k in order]


def groups_of(matching, n):
    names = [f"{k:04d}" for k in range(n)]
    return connected_components(names, ((names[m.a], names[m.b]) for m in matching.matches))


@pytest.fixture
def packed(monkeypatch):
    monkeypatch.setattr(match, "HELD_UP_TO", 0)


def test_packed_details_give_the_same_groups_with_fewer_pairs(fractal, monkeypatch):
    layers, places = make_layers(fractal, 12, 5)
    held = match_places(layers, BY_LANDMARKS, workers=1)
    monkeypatch.setattr(match, "HELD_UP_TO", 0)
    packed = match_places(layers, BY_LANDMARKS, workers=1)
    groups = groups_of(packed, len(layers))
    assert groups == groups_of(held, len(layers))
    assert len(set(groups.values())) == 12
    assert all(places[one.a] == places[one.b] for one in packed.matches)
    assert len(packed.matches) < len(held.matches)
    assert packed.n_proposed - packed.n_joined >= len(packed.matches)
    agreements = {(one.a, one.b): one.agreement for one in held.matches}
    for one in packed.matches:
        other = agreements[one.a, one.b]
        assert (one.agreement.row, one.agreement.col) == (other.row, other.col)
        assert abs(one.agreement.agreement - other.agreement) < 0.01
        assert abs(one.agreement.significance / other.significance - 1) < 0.05


@pytest.mark.usefixtures("packed")
def test_an_iterator_and_a_shelf_and_other_threads_give_the_same(fractal):
    layers, _ = make_layers(fractal, 6, 3)
    expected = match_places(layers, BY_LANDMARKS, workers=1)
    assert match_places(iter(layers), BY_LANDMARKS, workers=1) == expected
    assert match_places(tuple(layers), BY_LANDMARKS, workers=3) == expected


@pytest.mark.usefixtures("packed")
def test_processes_give_the_same_as_threads(fractal, monkeypatch):
    layers, _ = make_layers(fractal, 4, 3)
    expected = match_places(layers, BY_LANDMARKS, workers=1)
    monkeypatch.setattr(many, "_PROCESSES_FROM", 0)
    assert match_places(layers, BY_LANDMARKS, workers=2) == expected


@pytest.mark.usefixtures("packed")
def test_layers_are_asked_for_one_by_one(fractal):
    layers, _ = make_layers(fractal, 3, 3)

    class Lazy(LayerShelf):
        asked = 0

        def __getitem__(self, number):
            type(self).asked += 1
            return super().__getitem__(number)

    lazy = Lazy(layers)
    match_places(lazy, BY_LANDMARKS, workers=1)
    lazy.close()
    assert Lazy.asked <= 2 * len(layers)


@pytest.mark.usefixtures("packed")
def test_blank_layers_are_named_and_sets_of_them_match_nothing(fractal):
    flat = [np.full((64, 64), k, np.float32) for k in range(3)]
    missing = [np.full((64, 64), np.nan, np.float32)]
    layers, _ = make_layers(fractal, 1, 2)
    assert match_places(flat + missing, BY_LANDMARKS, workers=1).blank == [0, 1, 2, 3]
    found = match_places([*flat, *layers, *missing], BY_LANDMARKS, workers=1)
    assert [(one.a, one.b) for one in found.matches] == [(3, 4)]
    assert found.blank == [0, 1, 2, 5]


@pytest.mark.usefixtures("packed")
def test_one_place_seen_often_takes_few_proofs(fractal):
    layers, _ = make_layers(fractal, 1, 120, size=64)
    found = match_places(layers, BY_LANDMARKS, workers=1)
    assert set(groups_of(found, 120).values()) == {"0000"}
    assert len(found.matches) <= 3 * 120
    assert found.n_joined > 0


@pytest.mark.usefixtures("packed")
def test_periodic_fields_and_bare_noise_are_not_one_place():
    rng = np.random.default_rng(0)
    fields = []
    for _ in range(40):
        down, right = np.mgrid[:96, :96] + rng.integers(0, 99, (2, 1, 1))
        field = np.sin(2 * np.pi * down / 9) * np.sin(2 * np.pi * right / 11)
        fields.append(field + 0.3 * rng.standard_normal(field.shape))
    noise = [rng.standard_normal((96, 96)) for _ in range(40)]
    config = SamePlaceConfig(exhaustive_up_to=0, candidates_per_sample=6)
    found = match_places([one.astype(np.float32) for one in fields + noise], config, workers=1)
    assert found.matches == []
    assert found.n_proposed <= 80 * 6
    assert found.n_cut > 0


@pytest.mark.parametrize("shape", [(128, 128), (50, 63)])
@pytest.mark.parametrize("holes", [False, True])
def test_a_packed_detail_is_small_and_registers_like_the_detail(fractal, shape, holes):
    ground = fractal(192, 2.6, np.random.default_rng(2))
    one, two = (
        ground[: shape[0], : shape[1]].copy(),
        ground[5 : 5 + shape[0], 9 : 9 + shape[1]].copy(),
    )
    if holes:
        one[10:30, 10:25] = np.nan
    details = compare([one, two], 0.05, workers=1)
    back = [unpack(pack(detail)) for detail in details]
    assert len(pack(details[0])) <= one.size * 1.3 + 64
    for detail, again in zip(details, back, strict=True):
        assert (again.valid == detail.valid).all()
        assert again.grain_px == detail.grain_px
        assert (
            np.abs(again.values - detail.values).max() <= np.abs(detail.values).max() / 254 + 1e-6
        )
    before, after = register(*details, 4, 8), register(*back, 4, 8)
    assert (after.row, after.col) == (before.row, before.col) == (5, 9)
    assert abs(after.agreement - before.agreement) < 0.01
    assert abs(after.significance / before.significance - 1) < 0.05


def test_a_blank_detail_survives_packing():
    detail = equalise(*band_pass(np.full((16, 20), np.nan, np.float32)), 1.0)
    again = unpack(pack(detail))
    assert not again.values.any() and not again.valid.any()
    assert again.grain_px == float("inf")


def test_a_shelf_gives_back_what_was_put_and_leaves_nothing():
    rng = np.random.default_rng(0)
    layers = [rng.random((k + 1, 7)).astype(np.float32) for k in range(5)]
    layers[2][1, 1] = np.nan
    shelf = LayerShelf(iter(layers))
    for number in (0, 4, 2, -1):
        np.testing.assert_array_equal(shelf[number], layers[number])
    assert [one.shape for one in shelf] == [one.shape for one in layers]
    assert [one.shape for one in shelf[1:3]] == [(2, 7), (3, 7)]
    with pytest.raises(IndexError):
        shelf[5]
    shelf.close()
    with Shelf() as bare:
        bare.put(b"abc")
        bare.put(b"")
        bare.put(b"de")
        assert [bare.get(n) for n in range(len(bare))] == [b"abc", b"", b"de"]
        path = Path(bare.path)
        assert path.exists()
    assert not path.exists()


def test_a_full_disk_is_a_plain_error(monkeypatch):
    class Full:
        def write(self, piece):
            raise OSError(28, "No space left on device")

    with Shelf() as shelf:
        monkeypatch.setattr(shelf, "_file", Full())
        with pytest.raises(WriteError, match="expected room for a temporary file"):
            shelf.put(b"abc")
        monkeypatch.undo()
