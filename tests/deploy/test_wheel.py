"""The built wheel in an environment of its own, away from the checkout: what it lacks is missing for whoever installs it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import pytest

from tests.deadlines import within
from tests.places import ROOT
from tests.versions import interpreter, promised

UV = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
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
    """An environment that has the wheel and what it says it depends on, and of this checkout nothing."""

    def __init__(self, place: Path, elsewhere: Path) -> None:
        self.place = place
        self._elsewhere = elsewhere
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("FUNNELWATCH_")},
            **{f"FUNNELWATCH_{name}_PORT": "0" for name in ("BROKER", "STORE", "COLLECTOR", "PAGE")},
        }
        self._environment.pop("PYTHONPATH", None)

    def start(self, output: IO[str] | int, program: str, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.place / "bin" / program, *arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self._elsewhere,
            env=self._environment,
        )

    def run(self, program: str, *arguments: str) -> str:
        with self.start(subprocess.PIPE, program, *arguments) as process:
            output, _ = process.communicate(timeout=within(60))
        assert process.returncode == 0, output
        return output


def uv(*arguments: str) -> None:
    assert UV is not None, "uv is in the development environment: make setup"
    done = subprocess.run(
        [UV, *arguments], capture_output=True, text=True, timeout=within(120), check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel, and the locked versions of what it depends on: nothing that only development or tests need."""
    folder = tmp_path_factory.mktemp("wheel")
    uv("build", "--wheel", "--out-dir", str(folder), str(ROOT))
    (wheel,) = folder.glob("funnelwatch-*.whl")
    locked = folder / "locked.txt"
    uv(
        "export",
        "--frozen",
        "--no-dev",
        *("--extra", "embedded", "--extra", "mcp"),  # every module is imported, so every extra is there
        "--no-emit-project",
        "--output-file",
        str(locked),
    )
    return wheel, locked


def install(built: tuple[Path, Path], place: Path, python: str) -> Installed:
    """The wheel in a new environment of that Python."""
    wheel, locked = built
    uv("venv", "--python", python, str(place))
    inside = ("--python", str(place / "bin" / "python"))
    # without looking for dependencies: what the lock file does not have, the wheel does not get
    uv("pip", "install", *inside, "--no-deps", "--require-hashes", "--requirements", str(locked))
    uv("pip", "install", *inside, "--no-deps", str(wheel))
    uv("pip", "check", *inside)
    if python == sys.executable:
        _share_what_is_compiled(place)
    return Installed(place, place.parent)


def _share_what_is_compiled(place: Path) -> None:
    """Link what this environment's Python has compiled of the same libraries, and of the same modules of ours.

    To do it again takes a quarter of a minute. Python itself looks whether a source's size and time are those it was compiled
    from, and compiles it again if not; a module of the wheel that is the checkout's byte for byte is given its time.
    """
    (theirs,) = place.glob("lib/python*/site-packages")
    for package in ("scoring", "streams"):
        for source in (ROOT / package).glob("**/*.py"):
            there = theirs / source.relative_to(ROOT)
            if there.is_file() and there.read_bytes() == source.read_bytes():
                shutil.copystat(source, there)
    for ours, pattern in (
        (Path(pytest.__file__).parents[1], "**"),
        (ROOT, "scoring/**"),
        (ROOT, "streams/**"),
    ):
        for compiled in ours.glob(f"{pattern}/__pycache__/*.pyc"):
            there = theirs / compiled.relative_to(ours)
            if there.parents[1].is_dir() and not there.exists():
                there.parent.mkdir(exist_ok=True)
                try:
                    os.link(compiled, there)
                except OSError:  # on another disk
                    shutil.copy2(compiled, there)


@pytest.fixture(scope="module")
def installed(built: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel on the Python that runs the tests."""
    return install(built, tmp_path_factory.mktemp("environment") / "venv", sys.executable)


def test_its_command_answers_and_checks_a_configuration(installed: Installed, tmp_path: Path) -> None:
    assert "backtest" in installed.run("funnelwatch", "--help")
    assert "--mapping" in installed.run("funnelwatch", "import", "--help")
    config = tmp_path / "funnelwatch.yaml"
    config.write_text("stores: [{id: us-shop, name: US shop}]\n")
    checked = installed.run("funnelwatch", "check", "--config", str(config), "--data", str(tmp_path))
    assert "1 store" in checked


def loads_every_module(installed: Installed) -> None:
    number, _, strangers = installed.run("python", "-c", EVERY_MODULE).strip().partition(" ")
    packed = [*ROOT.glob("scoring/**/*.py"), *ROOT.glob("streams/**/*.py")]
    mains = [path for path in packed if path.name == "__main__.py"]
    assert int(number) == len(packed) - len(mains) - 2, "scoring and streams themselves are not counted"
    assert strangers == "[]"


def test_every_module_is_in_it_and_loads(installed: Installed) -> None:
    loads_every_module(installed)


@pytest.mark.long
@pytest.mark.parametrize("version", [version for version in promised() if version != RUNNING])
def test_it_installs_and_loads_on_the_other_promised_pythons(
    built: tuple[Path, Path], tmp_path: Path, version: str
) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"this machine has no Python {version}")
    installed = install(built, tmp_path / "venv", python)
    assert (
        installed.run("python", "-c", "import sys; print('%d.%d' % sys.version_info[:2])").strip() == version
    )
    loads_every_module(installed)
    assert "backtest" in installed.run("funnelwatch", "--help")


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


def test_its_up_starts_every_part_and_role_and_ends_on_ctrl_c(installed: Installed, tmp_path: Path) -> None:
    output_path = tmp_path / "output_path"
    with output_path.open("w") as output:
        up = installed.start(output, "funnelwatch", "up", "--data", str(tmp_path / "data"))
    try:
        deadline = time.monotonic() + within(150)
        while "everything is ready" not in output_path.read_text():
            assert up.poll() is None, output_path.read_text()
            assert time.monotonic() < deadline, output_path.read_text()
            time.sleep(0.1)
        assert "ready" in installed.run("funnelwatch", "status", "--data", str(tmp_path / "data"))
    finally:
        up.send_signal(signal.SIGINT)
        code = up.wait(within(60))
    assert code == 0, output_path.read_text()
