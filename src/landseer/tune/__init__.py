"""Tuning: a study of trials over keys of the recipe, on folds, resumable and shared by processes."""
