"""Checking a recipe's inputs and network must not cost the seconds that torch takes to import."""

import subprocess
import sys


def test_configurations_and_plans_import_no_torch():
    code = "import sys, landseer.models, landseer.models.inputs; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
