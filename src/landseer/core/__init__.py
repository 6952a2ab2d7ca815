"""Values and arithmetic: no files but plain ones, no libraries but numpy."""
