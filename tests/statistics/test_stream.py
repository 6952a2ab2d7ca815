"""The pass over images against a slow reference on all pixels at once."""

import json
from zlib import crc32

import numpy as np
import pytest

from landseer.core.bands import Band
from landseer.core.files import read_json, write_json
from landseer.errors import BandError, FormulaError
from landseer.spectral import Formula, resolve
from landseer.statistics import DEFAULT_LEVELS, Statistics, choose_step, compute_statistics

NODATA = -32768
BANDS = [
    Band("nir", 1, ("N",), nodata=NODATA),
    Band("red", 2, ("R",), nodata=NODATA),
    Band("qa", 3, ("QA",), "quality"),
    Band("dem", 4, ("DEM",), "elevation", nodata=NODATA),
]
NAMES = ["NDVI", "kelp:MCARI", "DEMWM"]
OWN = {"kelp:MCARI": "(N - R)*N/R", "bright": "N > 9500", "small": "N/(R - 8500)"}
INDICES = resolve(["NDVI", "DEMWM"], OWN, BANDS)
WHERE, INDEX_WHERE = Formula.parse("nir > 9000"), Formula.parse("qa == 0 and dem <= 0")


def images(count=7, kind=np.int16, size=(61, 47), seed=0):
    """Noisy images with missing pixels, flags and land."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        image = rng.normal(9500, 800, (4, *size))
        image[1] -= 1000
        image[2] = rng.random(size) < 0.2
        image[3] = np.maximum(rng.normal(-5, 30, size), -20)
        for band in (0, 1, 3):
            image[band][rng.random(size) < 0.05] = NODATA
        made.append(np.round(image).astype(kind))
    return made


def slow(made, where, index_where):
    """All pixels of all images at once, in numpy, written anew."""
    pixels = np.concatenate([image.reshape(4, -1) for image in made], axis=1).astype(np.float32)
    for band in (0, 1, 3):
        pixels[band][pixels[band] == NODATA] = np.nan
    n, r, qa, dem = pixels
    valid = n > 9000 if where else np.ones(n.size, bool)
    usable = valid & (qa == 0) & (dem <= 0) if index_where else valid
    with np.errstate(all="ignore"):
        channels = {
            "NDVI": ((n - r) / (n + r))[usable],
            "DEMWM": np.maximum(dem, 0)[valid],
            "kelp:MCARI": ((n - r) * n / r)[usable],
            "bright": (n > 9500).astype(np.float32)[usable],
            "small": (n / (r - 8500))[usable],
        }
    bands = {"nir": n[valid], "red": r[valid], "qa": qa[valid], "dem": dem[valid]}
    return {name: values[np.isfinite(values)] for name, values in {**bands, **channels}.items()}


def check(statistics, expected, exact_bands=True):
    assert list(statistics.channels) == list(expected)
    for number, (name, values) in enumerate(expected.items()):
        found, wide = statistics.channels[name], values.astype(np.float64)
        assert found.count == wide.size, name
        assert (found.min, found.max) == (wide.min(), wide.max()), name
        np.testing.assert_allclose(found.mean, wide.mean(), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(found.std, wide.std(), rtol=1e-9, atol=1e-9)
        true = np.quantile(wide, DEFAULT_LEVELS)
        quantiles = list(found.quantiles.values())
        if number < len(BANDS) and exact_bands:
            np.testing.assert_array_equal(quantiles, true)
        else:
            np.testing.assert_allclose(quantiles, true, rtol=2**-8, atol=1e-6)


def run(made, **more):
    """Run the pass over images that stand in a list."""
    return compute_statistics(range(len(made)), made.__getitem__, BANDS, INDICES, **more)


@pytest.mark.parametrize("kind", [np.int16, np.int32, np.float32, np.float64])
@pytest.mark.parametrize(("where", "index_where"), [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_streaming_equals_one_pass(kind, where, index_where):
    made = images(kind=kind)
    statistics = run(
        made,
        where=WHERE if where else None,
        index_where=INDEX_WHERE if index_where else None,
        workers=2,
    )
    if kind is np.float64:
        made = [image.astype(np.float32) for image in made]
        ours, expected = statistics.channels["NDVI"], slow(made, where, index_where)["NDVI"]
        np.testing.assert_allclose(ours.mean, expected.astype(np.float64).mean(), rtol=1e-6)
    else:
        check(statistics, slow(made, where, index_where), np.dtype(kind).kind == "i")
    assert statistics.samples == len(made)


def test_images_larger_than_a_piece():
    made = images(2, size=(300, 331))
    check(run(made, index_where=INDEX_WHERE), slow(made, 0, 1))


def test_a_lattice_of_pixels_gives_the_figures_of_those_pixels():
    made = images(5, size=(61, 47))
    statistics = run(made, where=WHERE, index_where=INDEX_WHERE, index_step=3, workers=2)
    starts = [divmod(crc32(str(number).encode()) % 9, 3) for number in range(5)]
    assert len(set(starts)) > 1
    thinned = [image[:, r::3, c::3] for image, (r, c) in zip(made, starts, strict=True)]
    indices = {index.name for index in INDICES}
    whole, lattice = slow(made, 1, 1), slow(thinned, 1, 1)
    check(statistics, {name: (lattice if name in indices else whole)[name] for name in whole})


def test_a_lattice_moves_quantiles_by_little():
    made = images(8, size=(400, 400))
    exact, thin = run(made), run(made, index_step=4)
    values = np.sort(slow(made, 0, 0)["NDVI"])
    for level, quantile in thin.channels["NDVI"].quantiles.items():
        low, high = np.searchsorted(values, [quantile - 2**-8, quantile + 2**-8]) / len(values)
        assert low - 0.005 <= float(level) <= high + 0.005
    assert thin.channels["NDVI"].count == pytest.approx(exact.channels["NDVI"].count / 16, rel=0.02)


@pytest.mark.parametrize(
    ("pixels", "least", "step"),
    [(10, 0, 1), (10, 20, 1), (79, 20, 1), (80, 20, 2), (10**9, 10**6, 31)],
)
def test_the_step_leaves_enough_pixels(pixels, least, step):
    assert choose_step(pixels, least) == step


def test_the_result_does_not_depend_on_the_number_of_workers():
    made = images(23)
    results = [
        run(made, where=WHERE, index_where=INDEX_WHERE, workers=workers) for workers in (1, 2, 5, 8)
    ]
    assert all(result == results[0] for result in results)


def test_tensors_give_the_same():
    torch = pytest.importorskip("torch")
    made = images()
    for where, index_where in ((None, None), (WHERE, INDEX_WHERE)):
        ours = compute_statistics(
            range(len(made)),
            lambda number: torch.from_numpy(made[number]),
            BANDS,
            INDICES,
            where=where,
            index_where=index_where,
        )
        check(ours, slow(made, where is not None, index_where is not None))


def test_masked_indices_alone_follow_index_where():
    made = images(1)
    statistics = run(made, index_where=Formula.parse("qa == 7"))
    assert statistics.channels["NDVI"].count == 0
    assert statistics.channels["NDVI"].mean is None
    assert statistics.channels["DEMWM"].count > 0


def test_scale_and_offset_give_physical_figures():
    bands = [Band("a", 1, ("N",), nodata=0, scale=0.1, offset=-1.0)]
    image = np.array([[[0, 10, 20, 40]]], np.uint16)
    result = compute_statistics([0], lambda _: image, bands, resolve([], {"twice": "N*2"}, bands))
    assert (result.channels["a"].min, result.channels["a"].max) == (0.0, 3.0)
    np.testing.assert_allclose(result.channels["a"].mean, 4 / 3)
    np.testing.assert_allclose(result.channels["twice"].mean, 8 / 3, rtol=1e-6)
    assert result.channels["twice"].count == 3


def test_no_image_and_no_index():
    result = compute_statistics([], lambda _: None, BANDS)
    assert result.samples == 0 and result.channels["nir"].count == 0


def test_json_round_trip(tmp_path):
    statistics = run(images(1), index_where=Formula.parse("qa == 7"), levels=(0.01, 0.99))
    write_json(tmp_path / "statistics.json", statistics.to_json())
    value = read_json(tmp_path / "statistics.json")
    assert Statistics.from_json(value) == statistics
    assert set(value["channels"]["nir"]) == {"count", "min", "max", "mean", "std", "quantiles"}
    assert set(value["channels"]["nir"]["quantiles"]) == {"0.01", "0.99"}
    assert json.dumps(value, allow_nan=False)


def test_a_wrong_number_of_bands_names_the_file():
    with pytest.raises(BandError, match="expected 4 bands") as caught:
        compute_statistics(["x.tif"], lambda _: np.zeros((3, 2, 2), np.int16), BANDS)
    assert caught.value.where == "x.tif"


def test_a_failing_read_is_raised():
    def read(_):
        raise BandError("broken")

    with pytest.raises(BandError, match="broken"):
        compute_statistics(["x"], read, BANDS, workers=2)


@pytest.mark.parametrize("key", ["where", "index_where"])
def test_conditions_are_checked_before_reading(key):
    def read(_):
        pytest.fail("read before the check")

    with pytest.raises(FormulaError, match="missing swir"):
        compute_statistics(["x"], read, BANDS, **{key: Formula.parse("swir > 0")})
    with pytest.raises(FormulaError, match="condition"):
        compute_statistics(["x"], read, BANDS, **{key: Formula.parse("nir + 1")})


def test_indices_are_checked_before_reading():
    index = resolve(["NDMI"], {}, [*BANDS, Band("swir", 5, ("S1",))])
    with pytest.raises(FormulaError, match="missing S1"):
        compute_statistics(["x"], lambda _: pytest.fail("read"), BANDS, index)


def test_processes_give_what_threads_give():
    made = images(70)
    threads = run(made, where=WHERE, index_where=INDEX_WHERE, workers=2)
    assert run(made, where=WHERE, index_where=INDEX_WHERE, workers=2, processes=True) == threads


def test_a_process_says_which_image_is_wrong():
    made = [*images(3), np.zeros((2, 4, 4), np.int16)]
    with pytest.raises(BandError, match="expected 4 bands as"):
        run(made, workers=2, processes=True)
