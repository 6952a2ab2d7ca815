"""The sample table: one row per sample, from the adapter to the last figure of the report."""
