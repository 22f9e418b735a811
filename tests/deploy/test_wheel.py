"""The built wheel in an environment of its own, away from the checkout: what it lacks is missing for whoever installs it."""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.deadlines import within
from tests.places import ROOT

UV = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
#: imports every module, and prints those that are not the installed ones
EVERY_MODULE = """
import importlib, pkgutil, sys
import scoring, streams
names = [m.name for p in (scoring, streams) for m in pkgutil.walk_packages(p.__path__, p.__name__ + ".")]
found = [importlib.import_module(name) for name in names if not name.endswith("__main__")]
print(len(found), [m.__name__ for m in found if not m.__file__.startswith(sys.prefix)])
"""
#: opens every kind of file that lies next to the code
FILES = """
from streams.clickhouse.migrations import find_migrations
from streams.sources.files.mapping import load_mapping, shipped_mappings
print(len(find_migrations()), [load_mapping(name).name for name in shipped_mappings()])
"""


class Installed:
    """An environment that has the wheel, and of this checkout nothing."""

    def __init__(self, place: Path, elsewhere: Path) -> None:
        self.place = place
        self._elsewhere = elsewhere

    def run(self, program: str, *arguments: str) -> str:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("FUNNELWATCH_")}
        environment.pop("PYTHONPATH", None)
        done = subprocess.run(
            [self.place / "bin" / program, *arguments],
            capture_output=True,
            text=True,
            cwd=self._elsewhere,
            env=environment,
            timeout=within(60),
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel's files come from the wheel, those of what it depends on from the environment that runs the tests."""
    assert UV is not None, "uv is in the development environment: make setup"
    folder, place = tmp_path_factory.mktemp("wheel"), tmp_path_factory.mktemp("environment") / "venv"

    def uv(*arguments: str) -> None:
        done = subprocess.run(
            [UV, *arguments], capture_output=True, text=True, timeout=within(120), check=False
        )
        assert done.returncode == 0, done.stderr

    uv("build", "--wheel", "--out-dir", str(folder), str(ROOT))
    (wheel,) = folder.glob("funnelwatch-*.whl")
    uv("venv", "--python", sys.executable, str(place))
    uv("pip", "install", "--no-deps", "--python", str(place / "bin" / "python"), str(wheel))
    (packages,) = place.glob("lib/python*/site-packages")
    others = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages()}
    # a line of a .pth file is a folder of modules; the links to checkouts that lie in it are not followed
    (packages / "others.pth").write_text("\n".join(sorted(others)) + "\n")
    return Installed(place, folder)


def test_its_command_answers_and_checks_a_configuration(installed: Installed, tmp_path: Path) -> None:
    assert "backtest" in installed.run("funnelwatch", "--help")
    config = tmp_path / "funnelwatch.yaml"
    config.write_text("stores: [{id: us-shop, name: US shop}]\n")
    checked = installed.run("funnelwatch", "check", "--config", str(config), "--data", str(tmp_path))
    assert "1 store" in checked


def test_every_module_is_in_it_and_loads(installed: Installed) -> None:
    number, _, strangers = installed.run("python", "-c", EVERY_MODULE).strip().partition(" ")
    packed = [*ROOT.glob("scoring/**/*.py"), *ROOT.glob("streams/**/*.py")]
    mains = [path for path in packed if path.name == "__main__.py"]
    assert int(number) == len(packed) - len(mains) - 2, "scoring and streams themselves are not counted"
    assert strangers == "[]"


def test_it_has_the_migrations_the_mappings_and_every_other_file(installed: Installed) -> None:
    number, _, mappings = installed.run("python", "-c", FILES).strip().partition(" ")
    assert int(number) == len(list((ROOT / "deploy" / "clickhouse").glob("[0-9]*.sql")))
    assert "taobao" in mappings
    (packages,) = installed.place.glob("lib/python*/site-packages")
    lies = [
        path.relative_to(ROOT)
        for top in ("scoring", "streams")
        for path in (ROOT / top).rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    ]
    assert len(lies) > 20
    assert [str(path) for path in lies if not (packages / path).is_file()] == []
