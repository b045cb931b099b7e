"""Schemathesis asks everything that the document allows, and much that it does not."""

import os
import subprocess
import sys
from pathlib import Path

SEED = 1
EXAMPLES = 50
# It takes a quarter of that.
TIMEOUT_S = 60
# What parameters require of each other, and what a provider can do, no schema tells: a request that it allows may be
# refused all the same.
EXCLUDED = "positive_data_acceptance"


def test_schemathesis_finds_nothing(origin, rich_key, tmp_path):
    program = Path(sys.executable).with_name("schemathesis")
    command = [program, "run", f"{origin}/openapi.json", "--header", f"Authorization: Bearer {rich_key}"]
    command += ["--checks", "all", "--exclude-checks", EXCLUDED, "--phases", "examples,coverage,fuzzing,stateful"]
    command += ["--max-examples", str(EXAMPLES), "--seed", str(SEED), "--no-color", "--warnings", "off"]
    # Without a proxy, whatever the environment says.
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8", "NO_PROXY": "*"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert "No issues found" in done.stdout
