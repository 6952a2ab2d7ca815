"""`python -m landseer.cli`: the same as the console script."""

from landseer.cli.main import run

if __name__ == "__main__":
    run()
