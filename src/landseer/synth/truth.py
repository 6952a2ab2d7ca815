"""The truth table: one row per tile with all that the files do not say."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from landseer.core.files import write_text
from landseer.synth.flaws import FLAWS
from landseer.synth.plan import TileSpec
from landseer.synth.spectra import N_SPECTRAL
from landseer.synth.view import View


@dataclass(frozen=True)
class TileTruth:
    """One row of the truth table.

    Attributes:
        tile_id, side, place, kind: who the tile is and what it shows.
        row, col: offset of the tile in its place's world, pixels; equal pixels of two views of a
            place lie apart by the difference.
        date, sensor, sun_zenith_deg, sun_azimuth_deg: when and how it was seen.
        tide_m, swell_m, glint, turbidity, bloom, scum: the sea of the day.
        cloud_share: share of pixels hidden by cloud; qa_share: share flagged in the QA band.
        kelp_pixels, label_pixels: kelp in the truth and in the drawn label (-1 on test tiles).
        label_noise: how the label was drawn ("" on test tiles); mislabelled: whether it is nonsense.
        flaws: names of the image's flaws; written as one 0/1 column each.
    """

    tile_id: str
    side: str
    place: int
    kind: str
    row: int
    col: int
    date: str
    sensor: str
    sun_zenith_deg: float
    sun_azimuth_deg: float
    tide_m: float
    swell_m: float
    glint: float
    turbidity: float
    bloom: float
    scum: float
    cloud_share: float
    qa_share: float
    kelp_pixels: int
    label_pixels: int
    label_noise: str
    mislabelled: int
    flaws: tuple[str, ...]


def tile_truth(spec: TileSpec, view: View) -> TileTruth:
    """Gather the row of a tile."""
    return TileTruth(
        tile_id=spec.tile,
        side=spec.side,
        place=spec.place,
        kind=spec.kind,
        row=spec.row,
        col=spec.col,
        date=spec.day.isoformat(),
        sensor=spec.sensor,
        sun_zenith_deg=round(view.sun.zenith_deg, 3),
        sun_azimuth_deg=round(view.sun.azimuth_deg, 3),
        tide_m=round(view.sea.tide_m, 3),
        swell_m=round(view.sea.swell_m, 3),
        glint=round(view.sea.glint, 5),
        turbidity=round(view.sea.turbidity, 3),
        bloom=round(view.sea.bloom, 3),
        scum=round(view.sea.scum, 3),
        cloud_share=round(view.cloud_share, 6),
        qa_share=round(float(view.image[N_SPECTRAL].mean()), 6),
        kelp_pixels=int(view.truth.sum()),
        label_pixels=-1 if view.label is None else int(view.label.sum()),
        label_noise=spec.hand,
        mislabelled=int(spec.hand == "mislabelled"),
        flaws=spec.flaws,
    )


def write_truth(path: Path, rows: Iterable[TileTruth]) -> None:
    """Write the truth table as CSV."""
    text = io.StringIO()
    names = [field.name for field in fields(TileTruth) if field.name != "flaws"]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*names, *FLAWS])
    for row in rows:
        values = asdict(row)
        writer.writerow([*(values[name] for name in names), *(int(f in row.flaws) for f in FLAWS)])
    write_text(path, text.getvalue())


def read_truth(path: Path) -> list[TileTruth]:
    """Read a truth table back."""
    with Path(path).open(encoding="utf-8", newline="") as file:
        return [_parse(row) for row in csv.DictReader(file)]


def _parse(row: dict[str, str]) -> TileTruth:
    """Turn a CSV row into a row of the table."""
    cast = {"int": int, "float": float, "str": str}
    values = {
        field.name: cast[str(field.type)](row[field.name])
        for field in fields(TileTruth)
        if field.name != "flaws"
    }
    return TileTruth(**values, flaws=tuple(flaw for flaw in FLAWS if row[flaw] == "1"))
