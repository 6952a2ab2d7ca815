"""A run: stages that read files and write files, each run only when its inputs changed."""
