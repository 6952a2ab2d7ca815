"""Files to arrays and back: the one room that talks to GDAL about pixels."""
