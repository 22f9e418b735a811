"""``python tests/versions.py [3.12 …]``: the fast tests and the built wheel on each Python that is promised and found here.

Each version has an environment of its own under ``.venvs``, from the same lock file. Ends with 1 if a version fails; one that
this machine has not is said and left out. Found are ``python3.12`` and its like on the path and below ``~/.pyenv/versions``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[1]
UV = Path(sys.executable).with_name("uv")


def promised() -> list[str]:
    """What ``requires-python`` allows."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    allowed = SpecifierSet(project["requires-python"])
    return [version for version in (f"3.{minor}" for minor in range(30)) if f"{version}.99" in allowed]


def interpreter(version: str) -> str | None:
    """Where this machine has that Python."""
    places = [str(path) for path in Path.home().glob(f".pyenv/versions/{version}.*/bin/python")]
    found = [*places, shutil.which(f"python{version}")]
    return next((python for python in found if python and _runs(python)), None)


def _runs(python: str) -> bool:
    """Whether it starts: a shim of pyenv may stand for a version that is not there."""
    try:
        done = subprocess.run([python, "-c", ""], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def passes(version: str, python: str) -> bool:
    """Whether the fast tests and the wheel's do on this interpreter."""
    place = ROOT / ".venvs" / version
    environment = {
        **os.environ,
        "UV_PROJECT_ENVIRONMENT": str(place),
        "HYPOTHESIS_PROFILE": "fast",
        "PATH": f"{UV.parent}{os.pathsep}{os.environ['PATH']}",
    }
    install = [str(UV), "sync", "--quiet", "--frozen", "--extra", "embedded", "--python", python]
    tests = [
        str(place / "bin" / "python"), "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile",
        "-m", "not slow and not long",
        "tests/scoring", "tests/streams/config", "tests/deploy/test_wheel.py",
        *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests").glob("test_*.py")),
    ]  # fmt: skip
    return all(
        subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode == 0
        for command in (install, tests)
    )


def main() -> int:
    wanted, failed, absent = sys.argv[1:] or promised(), [], []
    for version in wanted:
        python = interpreter(version)
        if python is None:
            absent.append(version)
            continue
        began = time.monotonic()
        print(f"Python {version}: {python}", flush=True)
        if not passes(version, python):
            failed.append(version)
        print(f"Python {version}: {time.monotonic() - began:.0f} s", flush=True)
    print(f"failed: {', '.join(failed) or 'none'}; not on this machine: {', '.join(absent) or 'none'}")
    return 1 if failed or absent == wanted else 0


if __name__ == "__main__":
    sys.exit(main())
