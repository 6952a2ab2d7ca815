"""Polygons to pixels and back, on grids of any size."""
