"""Where the project and the data next to it are, for tests at any depth."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
#: data and texts next to the project; a check over them runs where they are
SHARED = ROOT.parent / "shared"
