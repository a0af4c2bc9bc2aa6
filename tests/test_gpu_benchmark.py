"""The benchmark of training on a GPU runs where there is none, so that it runs where there is one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_the_gpu_benchmark_has_all_its_rows() -> None:
    words = ["tests/benchmarks/gpu.py", "--device", "cpu", "--quick", "--budget", "100000"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, *words], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    table = [line.strip("|").split("|") for line in done.stdout.splitlines() if line.startswith("|")]
    rows = {what.strip(): (value.strip(), said.strip()) for what, value, said in table[2:]}
    assert not {what: found for what, found in rows.items() if found[0] in ("failed", "left out")}
    assert len(rows) == 13
    for what in ("mlp, graph equals plain", "mlp, batched equals alone", "goes by graphs"):
        assert rows[what][0].endswith(": yes"), what
    assert "stopped in epoch 2 after step" in rows["mlp, resumed within an epoch equals whole"][1]
