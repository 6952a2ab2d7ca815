"""Every index of both systems against an independent evaluation; names that mean two things."""

import importlib.util
import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import spyndex

from landseer.core.bands import Band
from landseer.errors import FormulaError
from landseer.spectral import (
    Formula,
    band_codes,
    clashes,
    compute,
    constants,
    load_catalogue,
    resolve,
)

_spec = importlib.util.spec_from_file_location(
    "kelp_oracle", Path(__file__).with_name("kelp_oracle.py")
)
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
ORACLE = _module.ORACLE

CATALOGUE = load_catalogue()
ASI = sorted(name for name, index in CATALOGUE.items() if index.source == "asi")
NO_DEFAULT = {
    "PAR": 1500.0,
    "lambdaG": 560.0,
    "lambdaN": 833.0,
    "lambdaN2": 865.0,
    "lambdaR": 665.0,
    "lambdaS1": 1610.0,
    "lambdaS2": 2190.0,
}
RNG = np.random.default_rng(7)
REFLECTANCE = {code: RNG.uniform(0.05, 0.9, 500) for code in band_codes()}
NUMBERS = {**{k: v for k, v in constants().items() if v is not None}, **NO_DEFAULT}
BANDS = [Band(code.lower() + "_band", 1, (code,)) for code in band_codes()]
DN = {
    **{code: RNG.uniform(6000, 13000, 500) for code in ("B", "G", "R", "N", "S1")},
    "DEM": RNG.uniform(-20, 200, 500),
}
KELP_CLASHES = "AFRI1600 AVI ARVI GDVI EVI2 GARI IPVI MVI MCARI NDWI TVI".split()
KELP_NEAR = ["ATSAVI", "EVI", "GVMI"]


def resolve_with_constants(name):
    """Resolve an index of the catalogue, giving the constants that have no default."""
    index = CATALOGUE[name]
    given = {key: NO_DEFAULT[key] for key, value in index.constants.items() if value is None}
    return resolve([], {name: {"index": name, **given}}, BANDS)[0]


def kernel(a, b):
    """The RBF kernel with the default length scale, by spyndex."""
    return spyndex.computeKernel("RBF", a=a, b=b, sigma=0.5)


def spyndex_value(name):
    """Evaluate an index by spyndex."""
    values = {**REFLECTANCE, **NUMBERS}
    for term in CATALOGUE[name].terms:
        if len(term) == 3 and term[0] == "k":
            values[term] = kernel(values[term[1]], values[term[2]])  # L is a constant
    with np.errstate(all="ignore"):
        return spyndex.computeIndex(name, values)


def test_the_whole_of_the_awesome_spectral_indices_is_there():
    assert set(ASI) == set(spyndex.indices)
    assert len(ASI) == 280


@pytest.mark.parametrize("name", ASI)
def test_asi_index_equals_spyndex(name):
    ours = resolve_with_constants(name).formula(REFLECTANCE)
    theirs = spyndex_value(name)
    finite = np.isfinite(theirs)
    assert finite.any()
    np.testing.assert_allclose(ours[finite], theirs[finite], rtol=1e-9, atol=1e-12)
    assert np.isnan(ours[~finite]).all()


@pytest.mark.parametrize("name", ASI)
def test_asi_entry_keeps_what_spyndex_says(name):
    theirs, ours = spyndex.indices[name], CATALOGUE[name]
    squeezed = ours.formula.replace(" ", "")
    assert (squeezed, ours.long_name, ours.reference, ours.domain) == (
        theirs.formula.replace(" ", ""),
        theirs.long_name,
        theirs.reference,
        theirs.application_domain,
    )
    assert list(ours.terms) == list(theirs.bands)


def test_constants_and_bands_are_those_of_spyndex():
    assert constants() == {name: spyndex.constants[name].default for name in spyndex.constants}
    assert set(spyndex.bands) <= set(band_codes())


def test_all_59_kelp_indices_are_there():
    kelp = {name for name in CATALOGUE if name.startswith("kelp:")}
    assert kelp == {f"kelp:{name}" for name in ORACLE}
    assert len(kelp) == 59


@pytest.mark.parametrize("name", sorted(ORACLE))
def test_kelp_index_equals_hand_written_numpy(name):
    index = CATALOGUE[f"kelp:{name}"]
    with np.errstate(invalid="ignore"):
        expected = ORACLE[name](*(DN[code] for code in ("B", "G", "R", "N", "S1", "DEM")))
    np.testing.assert_allclose(Formula.parse(index.formula)(DN), expected, rtol=1e-9, atol=1e-9)
    assert index.reference and index.long_name and index.source == "kelp"


@pytest.mark.parametrize("name", sorted(ORACLE))
def test_kelp_index_agrees_on_numpy_and_torch_in_both_precisions(name):
    torch = pytest.importorskip("torch")
    formula = Formula.parse(CATALOGUE[f"kelp:{name}"].formula)
    reference = formula(DN)
    for kind, rtol in (("float64", 1e-12), ("float32", 2e-3)):
        arrays = {key: value.astype(kind) for key, value in DN.items()}
        tensors = {key: torch.from_numpy(value) for key, value in arrays.items()}
        ours, theirs = formula(arrays), formula(tensors)
        assert str(ours.dtype) == kind and str(theirs.dtype) == f"torch.{kind}"
        # MSAVI of digital numbers subtracts two numbers of 20 000 to give one of 0.3.
        scale = 2e4 if name == "MSAVI" else np.abs(reference).max()
        np.testing.assert_allclose(ours, reference, rtol=rtol, atol=scale * rtol)
        np.testing.assert_allclose(theirs.numpy(), ours, rtol=rtol / 100, atol=scale * rtol / 100)


@pytest.mark.parametrize("name", ASI)
def test_asi_index_agrees_on_numpy_and_torch(name):
    torch = pytest.importorskip("torch")
    formula = resolve_with_constants(name).formula
    tensors = {key: torch.from_numpy(value) for key, value in REFLECTANCE.items()}
    np.testing.assert_allclose(
        formula(tensors).numpy(), formula(REFLECTANCE), rtol=1e-10, atol=1e-12
    )


def test_clashes_are_those_whose_results_differ():
    found = set()
    for name in sorted(ORACLE.keys() & set(ASI)):
        plain = Formula.parse(
            CATALOGUE[name].formula, {k: v for k, v in CATALOGUE[name].constants.items()}
        )(REFLECTANCE)
        ours = Formula.parse(CATALOGUE[f"kelp:{name}"].formula)(REFLECTANCE)
        if not np.allclose(plain, ours, rtol=1e-9, equal_nan=True):
            found.add(name)
    # EVI differs only where it is clamped, which these reflectances do not reach.
    assert found | {"EVI"} == set(clashes())
    assert set(clashes()) == {*KELP_CLASHES, *KELP_NEAR}


def test_a_clashing_plain_name_means_asi_and_the_prefix_means_kelp():
    for name, (plain, kelp) in clashes().items():
        assert CATALOGUE[name] is plain and plain.source == "asi"
        assert CATALOGUE[f"kelp:{name}"] is kelp and kelp.source == "kelp"


def test_a_kelp_only_name_needs_no_prefix():
    assert CATALOGUE["mCRIG"] is CATALOGUE["kelp:mCRIG"]
    assert CATALOGUE["DEMWM"].source == "kelp"


def test_only_masks_are_not_masked():
    assert {name for name, index in CATALOGUE.items() if not index.masked} == {
        f"{prefix}{name}" for name in ("DEMWM", "NDVIWM", "NDWIWM") for prefix in ("", "kelp:")
    }


def test_dois_are_read_from_links():
    assert CATALOGUE["kNDVI"].doi == "10.1126/sciadv.abc7447"
    assert CATALOGUE["kelp:WAVI"].doi == "10.1016/j.jag.2014.01.017"
    assert CATALOGUE["NDVI"].doi is None


def test_the_licence_ships_beside_the_data():
    folder = files("landseer.spectral") / "data"
    assert "MIT License" in (folder / "asi.LICENSE.txt").read_text()
    assert "spyndex" in json.loads((folder / "asi.json").read_text())["source"]


KELP_BANDS = [
    Band("swir", 1, ("S1", "S2"), nodata=-32768),
    Band("nir", 2, ("N",), nodata=-32768),
    Band("red", 3, ("R",), nodata=-32768),
    Band("green", 4, ("G",), nodata=-32768),
    Band("blue", 5, ("B",), nodata=-32768),
    Band("qa", 6, ("QA",), "quality"),
    Band("dem", 7, ("DEM",), "elevation", nodata=-32768),
]


def test_every_kelp_index_resolves_on_the_kelp_bands():
    resolved = resolve([f"kelp:{name}" for name in ORACLE], {}, KELP_BANDS)
    stack = compute(resolved, DN | {"S1": DN["S1"]})
    assert stack.shape == (59, 500) and stack.dtype == np.float64


def test_constants_can_be_given():
    kelp, ours = (
        Formula.parse(CATALOGUE["kelp:ATSAVI"].formula)(DN),
        resolve([], {"mine": {"index": "ATSAVI", "sla": 1.22, "slb": 0.03}}, KELP_BANDS)[0],
    )
    assert ours.name == "mine"
    np.testing.assert_allclose(ours.formula(DN), kelp, rtol=1e-12)


def test_a_kernel_index_takes_kernel_and_length_scale():
    spec = {"kNDVI": {"index": "kNDVI", "kernel": "RBF", "sigma": "0.5*(N + R)"}}
    resolved = resolve([], spec, KELP_BANDS)[0]
    ndvi = Formula.parse("(N - R)/(N + R)")(DN)
    np.testing.assert_allclose(resolved.formula(DN), np.tanh(ndvi**2), rtol=1e-6)


@pytest.mark.parametrize("kind", ["linear", "poly", "RBF"])
def test_kernels_equal_spyndex(kind):
    n, r = REFLECTANCE["N"], REFLECTANCE["R"]
    parameters = {"linear": {}, "poly": {"p": 3.0, "c": 0.5}, "RBF": {"sigma": 0.2}}[kind]
    terms = {
        "kNN": spyndex.computeKernel(kind, a=n, b=n, **parameters),
        "kNR": spyndex.computeKernel(kind, a=n, b=r, **parameters),
    }
    spec = {"x": {"index": "kNDVI", "kernel": kind, **parameters}}
    ours = resolve([], spec, BANDS)[0].formula(REFLECTANCE)
    np.testing.assert_allclose(ours, spyndex.computeIndex("kNDVI", terms), rtol=1e-9)


@pytest.mark.parametrize(
    ("names", "formulas", "words"),
    [
        (["NDWII"], {}, ["NDWII", "NDWI"]),
        (["ndvi"], {}, ["did you mean NDVI"]),
        (["xqzw"], {}, ["xqzw", "formulas"]),
        (["NDREI"], {}, ["NDREI", "RE1 (Red Edge 1)", "nir"]),
        ([], {"mine": "nirr - red"}, ["mine", "nirr", "did you mean nir"]),
        (["NDVI", "NDVI"], {}, ["NDVI", "once"]),
        (["FAI"], {}, ["lambdaN", "lambdaS1: NUMBER"]),
        ([], {"x": {"index": "NDVI", "L": 0.5}}, ["NDVI", "none", "L"]),
        ([], {"x": {"index": "SAVI", "LL": 0.5}}, ["SAVI", "L", "LL"]),
        ([], {"x": {"index": "NDVI", "kernel": "RBF"}}, ["no kernel"]),
        ([], {"x": {"index": "kNDVI", "kernel": "sinc"}}, ["linear, poly, RBF", "sinc"]),
        ([], {"x": "N.real"}, ["attribute access"]),
    ],
)
def test_errors_name_index_band_and_what_is_near(names, formulas, words):
    with pytest.raises(FormulaError) as caught:
        resolve(names, formulas, KELP_BANDS)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_own_formulas_win_and_follow():
    resolved = resolve(["NDVI", "b"], {"a": "N*2", "b": "R + G"}, KELP_BANDS)
    assert [(index.name, index.formula.text) for index in resolved] == [
        ("NDVI", "(N - R)/(N + R)"),
        ("b", "R + G"),
        ("a", "N*2"),
    ]
