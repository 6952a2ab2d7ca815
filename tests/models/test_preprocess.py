"""Preprocessing against a slow float64 reference, one pixel and one channel at a time."""

import math

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from landseer.core.bands import Band
from landseer.errors import BandError, DataError, FormulaError
from landseer.models import PreprocessConfig
from landseer.models.inputs import plan_inputs
from landseer.models.preprocess import build_preprocess

NODATA = -32768.0
BANDS = (
    Band("swir", 1, ("S1", "S2"), nodata=NODATA),
    Band("nir", 2, ("N",), nodata=NODATA),
    Band("red", 3, ("R",), nodata=NODATA),
    Band("green", 4, ("G",), nodata=NODATA),
    Band("blue", 5, ("B",), nodata=NODATA),
    Band("qa", 6, ("QA",), kind="quality"),
    Band("dem", 7, ("DEM",), kind="elevation", nodata=NODATA),
)
NAMES = tuple(band.name for band in BANDS)
INDICES = ("kelp:DEMWM", "NDVI", "ratio")
FORMULAS = {"ratio": "nir / (red - 100)"}


def raw_batch(b=3, h=7, w=5, seed=0):
    """Return (b, 7, h, w) float32 raw numbers with nodata, NaN, infinities, zero denominators, flags and land."""
    rng = np.random.default_rng(seed)
    x = rng.integers(90, 110, (b, 7, h, w)).astype(np.float32)
    x[:, 1] *= 40
    x[:, 5] = rng.random((b, h, w)) < 0.3
    x[:, 6] = rng.integers(-40, 40, (b, h, w))
    x[rng.random(x.shape) < 0.1] = NODATA
    x[:, 5][x[:, 5] == NODATA] = 0
    x[0, 2, 0, 0], x[0, 3, 0, 1], x[0, 4, 0, 2] = np.nan, np.inf, -np.inf
    x[0, :5, 1, 1] = NODATA  # no reflectance at all
    return x


def statistics(names=(*NAMES, *INDICES)):
    """Return made-up figures, different for every channel."""
    return {
        "samples": 3,
        "channels": {
            name: {
                "count": 100,
                "min": 10.0 - 3 * i,
                "max": 4000.0 + i,
                "mean": 100.0 + i,
                "std": 20.0 + i,
                "quantiles": {"0.01": 20.0 - i, "0.5": 100.0, "0.99": 3000.0 + 7 * i},
            }
            for i, name in enumerate(names)
        },
    }


KINDS = [
    {"kind": "quantile", "low": 0.01, "high": 0.99},
    {"kind": "zscore"},
    {"kind": "minmax"},
    {"kind": "none"},
    {"kind": "range", "low": -20, "high": 300},
    {"kind": "sample_quantile", "low": 0.1, "high": 0.8},
    {"kind": "sample_minmax"},
]
FILLS = ["minimum", "mean", "zero"]


def config(**changes):
    given = {
        "bands": NAMES,
        "indices": INDICES[:2],
        "formulas": FORMULAS,
        "valid": "qa == 0",
        "keep_index_where": "qa == 0 and dem <= 0",
        "fixed_range": {"qa": (0, 1), "kelp:DEMWM": (0, 1)},
    }
    return PreprocessConfig(**{**given, **changes})


def slow_raw(x, bands):
    """Step 1."""
    out = x.astype(np.float64)
    for i, band in enumerate(bands):
        if band.nodata is not None:
            out[:, i][x[:, i] == band.nodata] = np.nan
        out[:, i] = out[:, i] * band.scale + band.offset
    return out


def slow_pixel(pixel):
    """Steps 3 and 4 for one pixel: channels before filling."""
    _swir, nir, red, _green, _blue, qa, dem = pixel
    keep = qa == 0 and dem <= 0
    ndvi = (nir - red) / (nir + red) if nir + red != 0 else np.nan
    ratio = nir / (red - 100) if red != 100 else np.nan
    demwm = max(dem, 0.0) if not math.isnan(dem) else np.nan
    return [*pixel, demwm, ndvi if keep else np.nan, ratio if keep else np.nan]


def slow_range(values, valid, name, given):
    """Return fill, lowest, highest, clamp from, clamp to, shift, span of one channel of one sample."""
    kind, fill = given.normalise.kind, given.fill
    if name in given.fixed_range or kind == "range":
        low, high = given.fixed_range.get(name, (-20, 300))
        middle = {"minimum": low, "mean": (low + high) / 2, "zero": 0.0}[fill]
        return middle, low, high, low, high, low, high - low
    if kind.startswith("sample"):
        own = values[valid & np.isfinite(values)]
        if own.size == 0:
            return 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, np.inf
        low, high = own.min(), own.max()
        figures = {"min": low, "max": high, "mean": own.mean()}
        if kind == "sample_quantile":
            low, high = np.quantile(own, [given.normalise.low, given.normalise.high])
        shift, span = low, high - low
    else:
        figures = statistics()["channels"][name]
        low, high = {
            "quantile": (figures["quantiles"]["0.01"], figures["quantiles"]["0.99"]),
            "minmax": (figures["min"], figures["max"]),
        }.get(kind, (-np.inf, np.inf))
        shift, span = {
            "zscore": (figures["mean"], figures["std"]),
            "none": (0.0, 1.0),
        }.get(kind, (low, high - low))
    value = {"minimum": figures["min"], "mean": figures["mean"], "zero": 0.0}[fill]
    return value, figures["min"], figures["max"], low, high, shift, span or np.inf


def slow_preprocess(x, given):
    """All steps, in float64, with loops."""
    raw = slow_raw(x, BANDS)
    b, _, h, w = raw.shape
    names = (*NAMES, *INDICES)
    z = np.empty((b, len(names), h, w))
    valid = np.isfinite(raw[:, :5]).any(axis=1) & (raw[:, 5] == 0)
    for s, i, j in np.ndindex(b, h, w):
        z[s, :, i, j] = slow_pixel(raw[s, :, i, j])
    for s, k in np.ndindex(b, len(names)):
        fill, lowest, highest, low, high, shift, span = slow_range(
            z[s, k], valid[s], names[k], given
        )
        for i, j in np.ndindex(h, w):
            v = z[s, k, i, j]
            v = (
                fill
                if math.isnan(v)
                else highest
                if v == math.inf
                else lowest
                if v == -math.inf
                else v
            )
            z[s, k, i, j] = (min(max(v, low), high) - shift) / span
    return z, valid


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["kind"])
def test_it_is_the_slow_reference(kind, fill):
    given = config(normalise=kind, fill=fill)
    x = raw_batch()
    layer = build_preprocess(given, BANDS, statistics())
    z, valid = layer(torch.from_numpy(x)), layer.unscaled(torch.from_numpy(x))[1]
    expected, expected_valid = slow_preprocess(x, given)
    assert layer.channels == (*NAMES, *INDICES)
    assert z.dtype == torch.float32 and valid.dtype == torch.bool and z.isfinite().all()
    np.testing.assert_array_equal(valid.numpy(), expected_valid)
    np.testing.assert_allclose(z.numpy(), expected, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["kind"])
def test_a_batch_gives_what_its_samples_give_and_pixels_do_not_meet(kind):
    layer = build_preprocess(config(normalise=kind), BANDS, statistics())
    x = torch.from_numpy(raw_batch())
    z, valid = layer(x), layer.unscaled(x)[1]
    alone = [x[i : i + 1] for i in range(len(x))]
    assert torch.equal(z, torch.cat([layer(one) for one in alone]))
    assert torch.equal(valid, torch.cat([layer.unscaled(one)[1] for one in alone]))
    turned = layer(x.flip(-1))
    assert torch.equal(turned.flip(-1), z) or kind["kind"].startswith("sample")


def test_traced_as_a_whole_it_is_the_same(monkeypatch):
    layer = build_preprocess(config(), BANDS, statistics())
    x = torch.from_numpy(raw_batch())
    by_sample = layer(x)
    monkeypatch.setattr("landseer.models.preprocess.torch.compiler.is_compiling", lambda: True)
    assert torch.equal(layer(x), by_sample)


def test_normalised_values_lie_between_zero_and_one():
    z = build_preprocess(config(), BANDS, statistics())(torch.from_numpy(raw_batch()))
    assert z.min() == 0 and z.max() == 1


def test_no_gradient_and_the_input_is_not_changed():
    x = torch.from_numpy(raw_batch()).requires_grad_()
    before = x.detach().clone()
    z = build_preprocess(config(), BANDS, statistics())(x)
    assert not z.requires_grad
    assert torch.equal(x.nan_to_num(), before.nan_to_num())


@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16])
def test_autocast_and_casting_the_module_change_nothing(half):
    layer = build_preprocess(config(), BANDS, statistics())
    x = torch.from_numpy(raw_batch())
    plain = layer(x)
    with torch.autocast("cpu", dtype=half):
        assert torch.equal(layer(x), plain)
    layer.to(half)
    assert not layer.state_dict()
    assert torch.equal(layer(x), plain)


@pytest.mark.parametrize("dtype", [torch.int16, torch.int32, torch.float64])
def test_other_number_types_give_the_same(dtype):
    layer = build_preprocess(config(), BANDS, statistics())
    x = torch.from_numpy(np.nan_to_num(raw_batch(), nan=0, posinf=1, neginf=2))
    torch.testing.assert_close(layer(x.to(dtype)), layer(x), rtol=1e-5, atol=1e-6)


def test_masked_nodata_may_be_put_in_instead():
    layer = build_preprocess(config(), BANDS, statistics())
    x = torch.from_numpy(raw_batch())
    masked = layer.mask_nodata(x)
    assert masked.dtype == torch.float32
    assert torch.equal(
        masked.isnan(), x.isnan() | ((x == NODATA) & (torch.arange(7) != 5)[:, None, None])
    )
    assert torch.equal(layer(masked), layer(x))


def test_water_masks_of_the_catalogue_are_not_masked_but_other_indices_are():
    x = torch.full((1, 7, 1, 2), 100.0)
    x[:, 5], x[:, 6] = 0.0, torch.tensor([-5.0, 5.0])
    layer = build_preprocess(config(normalise={"kind": "none"}), BANDS, statistics())
    z = layer(x)
    assert z[0, layer.channels.index("kelp:DEMWM"), 0].tolist() == [0.0, 1.0]
    assert z[0, layer.channels.index("NDVI"), 0].tolist() == [
        0.0,
        statistics()["channels"]["NDVI"]["min"],
    ]


def test_bands_that_only_formulas_use_are_read_last_and_are_no_channels():
    given = config(
        bands=("red", "nir"),
        fixed_range={},
        indices=("NDVI",),
        formulas={},
        keep_index_where="qa == 0",
        valid=None,
    )
    plan = plan_inputs(given, BANDS)
    assert [band.name for band in plan.bands] == ["red", "nir", "qa"]
    assert plan.channels == ("red", "nir", "NDVI")
    assert plan.channel_codes == {"red": ("R",), "nir": ("N",), "NDVI": ()}
    x = torch.from_numpy(raw_batch())
    z = build_preprocess(given, BANDS, statistics())(x[:, [2, 1, 5]])
    whole = build_preprocess(config(keep_index_where="qa == 0"), BANDS, statistics())
    assert torch.equal(z[:, 2], whole(x)[:, whole.channels.index("NDVI")])


def test_scale_and_offset_come_before_indices():
    bands = (
        Band("red", 1, ("R",), scale=0.5, offset=1.0),
        Band("nir", 2, ("N",), nodata=0, scale=2.0),
    )
    given = PreprocessConfig(bands=("red", "nir"), indices=("NDVI",), normalise={"kind": "none"})
    layer = build_preprocess(given, bands, statistics(("red", "nir", "NDVI")))
    z = layer(torch.tensor([4.0, 3.0]).reshape(1, 2, 1, 1))
    assert z.flatten().tolist() == [3.0, 6.0, pytest.approx(1 / 3)]


@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16])
def test_raw_numbers_in_half_precision_are_scaled_in_float32(half):
    bands = (Band("red", 1, ("R",), scale=1e-4, offset=-0.1),)
    given = PreprocessConfig(bands=("red",), normalise={"kind": "none"})
    layer = build_preprocess(given, bands, statistics(("red",)))
    x = torch.arange(0, 256.0).reshape(1, 1, 16, 16)
    assert torch.equal(layer(x.to(half)), layer(x))


def test_without_reflectance_bands_any_band_makes_a_pixel_valid():
    bands = (Band("dem", 1, ("DEM",), kind="elevation", nodata=-1),)
    layer = build_preprocess(PreprocessConfig(bands=("dem",)), bands, statistics(("dem",)))
    valid = layer.unscaled(torch.tensor([-1.0, 5.0]).reshape(1, 1, 1, 2))[1]
    assert valid.flatten().tolist() == [False, True]


def test_a_sample_without_a_valid_pixel_is_zero():
    layer = build_preprocess(config(normalise={"kind": "sample_quantile"}), BANDS, {})
    empty = torch.full((1, 7, 3, 3), NODATA)
    z, valid = layer(empty), layer.unscaled(empty)[1]
    assert not valid.any() and not z[:, [0, 1, 8]].any()


def broken(name, **figures):
    found = statistics()
    found["channels"][name].update(figures)
    return found


@pytest.mark.parametrize(
    ("found", "changes", "text"),
    [
        ({"channels": {}}, {}, "statistics of channel 'swir'; got none"),
        (statistics(NAMES), {}, "statistics of channel 'NDVI'"),
        (broken("nir", quantiles={"0.5": 1.0}), {}, "quantile 0.01 of 'nir'; got 0.5"),
        (broken("nir", max=None), {"normalise": {"kind": "minmax"}}, "max of 'nir'"),
        (
            broken("nir", mean=math.nan),
            {"normalise": {"kind": "zscore"}},
            "finite mean of 'nir'; got nan",
        ),
        (broken("red", quantiles={"0.01": 3, "0.99": 3}), {}, "'red' runs from 3 to 3"),
        (
            broken("red", std=0.0),
            {"normalise": {"kind": "zscore"}},
            "expected a channel that varies",
        ),
    ],
)
def test_statistics_that_do_not_fit_are_refused(found, changes, text):
    with pytest.raises(DataError, match=text):
        build_preprocess(config(**changes), BANDS, found)


def test_quantile_levels_are_compared_as_numbers():
    found = statistics()
    for figures in found["channels"].values():
        figures["quantiles"] = {"1e-2": 0.0, "0.990": 1.0}
    assert build_preprocess(config(), BANDS, found)


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"bands": ("red", "purple")}, BandError, "purple"),
        ({"indices": ("NDVJ",)}, FormulaError, "NDVI"),
        ({"valid": "cloud == 0"}, FormulaError, "cloud"),
        ({"valid": "qa + 1"}, FormulaError, "expected a condition"),
    ],
)
def test_inputs_that_do_not_fit_the_data_are_refused(changes, error, text):
    with pytest.raises(error, match=text):
        plan_inputs(config(**{"fixed_range": {}, **changes}), BANDS)


def test_a_band_named_like_the_code_of_another_is_refused():
    with pytest.raises(BandError, match="no other band has"):
        plan_inputs(PreprocessConfig(bands=("R",)), (Band("red", 1, ("R",)), Band("R", 2)))


@pytest.mark.parametrize("shape", [(1, 6, 4, 4), (7, 4, 4)])
def test_tensors_of_another_shape_are_refused(shape):
    with pytest.raises(BandError, match="swir, nir, red"):
        build_preprocess(config(), BANDS, statistics())(torch.zeros(shape))


@pytest.mark.parametrize(
    "changes",
    [
        {"bands": ()},
        {"bands": ("red", "red")},
        {"fixed_range": {"purple": (0, 1)}},
        {"fixed_range": {"qa": (1, 1)}},
        {"normalise": {"kind": "quantile", "low": 0.9, "high": 0.1}},
        {"normalise": {"kind": "magic"}},
        {"colour": "red"},
    ],
)
def test_recipes_that_cannot_be_right_are_refused(changes):
    with pytest.raises(ValidationError):
        config(**changes)


def test_every_field_has_a_description():
    for model in (PreprocessConfig,):
        assert all(field.description for field in model.model_fields.values())


def test_a_rank_is_the_share_of_the_samples_valid_pixels_below():
    given = config(normalise_channels={"dem": {"kind": "sample_rank"}})
    x = raw_batch()
    layer = build_preprocess(given, BANDS, statistics())
    z, valid = layer(torch.from_numpy(x)), layer.unscaled(torch.from_numpy(x))[1]
    position = NAMES.index("dem")
    raw = slow_raw(x, BANDS)[:, position]
    for sample, rows in enumerate(raw):
        own = rows[valid[sample].numpy() & np.isfinite(rows)]
        for (i, j), value in np.ndenumerate(rows):
            below, equal = (own < value).sum(), (own == value).sum()
            expected = 0.0 if np.isnan(value) else (below + equal / 2) / own.size
            assert z[sample, position, i, j] == pytest.approx(expected, abs=1e-6)
    others = [i for i in range(z.shape[1]) if i != position]
    plain = build_preprocess(config(), BANDS, statistics())(torch.from_numpy(x))
    assert torch.equal(z[:, others], plain[:, others])


def test_a_channel_of_its_own_way_must_be_there():
    with pytest.raises(
        ValidationError, match="expected channels of inputs in normalise_channels; got dme"
    ):
        config(normalise_channels={"dme": {"kind": "sample_rank"}})
