"""Removes from an image's ``site-packages`` what no worker runs, and says how large it was and is: ``python slim.py FOLDER``.

Only what a library carries for those who build against it, for its own tests, or for services and languages that are not used here:
nothing that a role imports. ``tests/deploy/test_image.py`` imports every role from a folder slimmed by this and works with what was cut.
"""

import shutil
import sys
from pathlib import Path

#: folders and files by how they are called, wherever they lie
FOLDERS = ("tests", "test", "testing_data", "__pycache__")
SUFFIXES = (".pyi", ".pyx", ".pxd", ".pxi", ".h", ".hpp", ".c", ".cpp", ".cc", ".a", ".f90", ".map", ".lib")
#: what single libraries carry besides
UNUSED = (
    "pyarrow/include",
    "pyarrow/src",
    "pyarrow/libarrow_flight*",  # Arrow's own servers, and files in clouds: nobody here speaks to them
    "pyarrow/libarrow_s3*",
    "pyarrow/_flight*",
    "pyarrow/_s3fs*",
    "pyarrow/_azurefs*",
    "pyarrow/_gcsfs*",
    "pyarrow/_hdfs*",
    "botocore/data/*/",  # descriptions of Amazon's services: requests are only signed
    "matplotlib/mpl-data/sample_data",
    "scipy/datasets",
    "playwright",
    "pip",
)
#: Babel's languages that pages, mails and pictures are written in, and what they are made from
LANGUAGES = ("root", "en", "zh")


def size_mb(folder: Path) -> float:
    """What the files in ``folder`` hold, in MB of 10^6 bytes."""
    return sum(one.lstat().st_size for one in folder.rglob("*") if one.is_file()) / 1e6


def slim(folder: Path) -> None:
    """Remove what is not used from the ``site-packages`` in ``folder``."""
    gone = [one for one in folder.rglob("*") if one.name in FOLDERS and one.is_dir()]
    gone += [one for one in folder.rglob("*") if one.suffix in SUFFIXES and one.is_file()]
    gone += [one for pattern in UNUSED for one in folder.glob(pattern)]
    for one in (folder / "babel" / "locale-data").glob("*.dat"):
        if one.stem.partition("_")[0] not in LANGUAGES:
            gone.append(one)
    for one in gone:
        if one.is_dir():
            shutil.rmtree(one, ignore_errors=True)
        else:
            one.unlink(missing_ok=True)
    _join_copies(folder)


def _join_copies(folder: Path) -> None:
    """A wheel cannot hold a link: libraries of several names are in it several times."""
    for versioned in folder.glob("pyarrow/lib*.so.*"):
        for other in folder.glob(f"{versioned.relative_to(folder)}.*"):
            if other.read_bytes() == versioned.read_bytes():
                other.unlink()
                other.symlink_to(versioned.name)
        plain = versioned.with_name(versioned.name.partition(".so")[0] + ".so")
        if plain.is_file() and not plain.is_symlink() and plain.read_bytes() == versioned.read_bytes():
            plain.unlink()
            plain.symlink_to(versioned.name)


def main() -> None:
    """Slim the folder that is named."""
    folder = Path(sys.argv[1])
    before = size_mb(folder)
    slim(folder)
    sys.stdout.write(f"{folder}: {before:.0f} MB before, {size_mb(folder):.0f} MB now\n")


if __name__ == "__main__":
    main()
