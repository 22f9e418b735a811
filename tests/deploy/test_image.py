"""What ``deploy/docker/slim.py`` cuts from an image is nothing that a role needs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from deploy.docker.slim import size_mb, slim
from tests.deadlines import within
from tests.places import ROOT

#: of the libraries in an image, by the lock of 2026-12-01; a library that makes it larger is to be looked at
MOST_MB = 460
TRIED = """
import importlib, io, pkgutil, sys
import numpy as np, pyarrow as pa, pyarrow.compute, pyarrow.csv, pyarrow.json, pyarrow.parquet as pq
import matplotlib.pyplot, scipy.interpolate, scipy.linalg, scipy.optimize, scipy.signal, scipy.special
from babel.dates import format_date
from botocore.auth import SigV4Auth
assert all(format_date(locale=one) for one in ("zh_CN", "zh", "en", "en_GB"))
pq.write_table(pa.table({"a": [1]}), file := io.BytesIO())
assert pq.read_table(file).num_rows == 1
assert scipy.optimize.nnls(np.eye(2), np.ones(2))[1] == 0
import streams.roles
for one in pkgutil.walk_packages(streams.__path__, "streams."):
    if not one.name.startswith(("streams.embedded", "streams.agents.server")) and not one.name.endswith("__main__"):
        importlib.import_module(one.name)
assert pa.__file__.startswith(sys.argv[1]), pa.__file__
"""


def _locked() -> list[str]:
    """The libraries of the image, as the Dockerfile has them installed."""
    asked = ["--frozen", "--no-default-groups", "--extra", "tracing", "--no-emit-project", "--no-hashes"]
    uv = Path(sys.executable).with_name("uv")
    exported = subprocess.run(
        [uv, "export", *asked, "--no-annotate", "--no-header"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return re.findall(r"^([A-Za-z0-9][\w.\-]*)==", exported.stdout, re.MULTILINE)


@pytest.mark.long
def test_every_role_runs_with_what_is_left_in_an_image(tmp_path: Path) -> None:
    site = Path(sysconfig.get_paths()["purelib"])
    for name in _locked():
        try:
            files = distribution(name).files or []
        except PackageNotFoundError:  # of another platform
            continue
        for one in files:
            if one.parts[0] != ".." and (site / one).is_file() and not (tmp_path / one).exists():
                (tmp_path / one).parent.mkdir(parents=True, exist_ok=True)
                os.link(site / one, tmp_path / one)
    slim(tmp_path)
    assert size_mb(tmp_path) < MOST_MB
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    subprocess.run(
        [sys.executable, "-S", "-c", TRIED, tmp_path], env=environment, check=True, timeout=within(170)
    )
