"""The report: one self-contained HTML page that says what a run found, did and reached."""
