"""`landseer indices [NAME…]`: spectral indices and their formulas."""

from __future__ import annotations

from landseer.cli.verb import verb_app

app = verb_app()
