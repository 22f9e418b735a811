"""How many small faults in the pure core its tests notice: ``make mutants``, or ``python -m tests.mutation.mutate --each 100``.

A sample of mutants (``tests/mutation/changes.py``) of each folder of ``scoring/`` is tried against the tests of that folder: first
the quick ones, then, for what survives, those marked ``slow``. It survives if none fails. Own code, though mutmut is alive and
works here: mutmut leaves out everything outside of functions, where most of what the judging rules are made of is written, and
properties; it has no sample; and it writes every function once a mutant, called by a detour, which the loop of counting feels.

What survives is printed with its place. A mutant that no test can kill, because it does the same, is listed with its reason in
``tests/mutation/equivalent.py`` and left out of the sample.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from hypothesis import Phase, settings

from tests.mutation.changes import Mutant, mutants
from tests.mutation.equivalent import EQUIVALENT
from tests.mutation.trials import Folder, Verdict
from tests.places import ROOT

#: libraries that start threads would make a fork unsafe and take more than their share of the machine
_ALONE = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
_EACH = 40
_MARKS = ("not slow and not long", "slow and not long")


def folders() -> list[str]:
    """The folders of the core that have tests."""
    found = sorted(path.name for path in (ROOT / "scoring").iterdir() if path.is_dir())
    return [name for name in found if (ROOT / "tests" / "scoring" / name).is_dir()]


def sample(folder: str, each: int | None, seed: int, at: Sequence[str]) -> list[Mutant]:
    """Mutants of a folder, or of the places in it, drawn by a seed, without those that are known to do the same."""
    found = []
    for path in sorted((ROOT / "scoring" / folder).rglob("*.py")):
        found += [one for one in mutants(ROOT, path) if (one.path, one.before, one.after) not in EQUIVALENT]
    if at:
        places = tuple(f"{place}:" for place in at)
        found = [one for one in found if f"{one.path}:{one.line}:".startswith(places)]
    most = each if each is not None else len(found) if at else _EACH
    drawn = random.Random(f"{seed} {folder}").sample(found, min(most, len(found)))
    return sorted(drawn, key=lambda one: (one.path, one.place))


def try_all(folder: str, chosen: Sequence[Mutant], is_quick: bool) -> dict[Mutant, Verdict]:
    """The verdict of each mutant of one folder."""
    found: dict[Mutant, Verdict] = {}
    left = list(chosen)
    for marks in _MARKS[: 1 if is_quick else None]:
        tests = Folder(ROOT, [f"tests/scoring/{folder}"], marks)
        if not left:
            break
        baseline = tests.baseline()
        if not baseline.seconds:
            continue
        if baseline.failed:
            sys.exit(f"these fail without any change: {', '.join(baseline.failed)}")
        for mutant, verdict in tests.verdicts(left, baseline):
            found[mutant] = verdict
            fate = f"killed by {verdict.killer.rpartition('::')[2]}" if verdict.killer else "SURVIVED"
            print(f"{mutant.path}:{mutant.line}  {mutant.text}  {fate}", flush=True)
        left = [mutant for mutant in left if not found[mutant].killer]
    return found


def main() -> None:
    """Try a sample of each folder and print what survived, and a table of the shares that were killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--each", type=int, help=f"mutants of a folder, at most; {_EACH} if no places are named"
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of the samples")
    parser.add_argument("--folder", default="", help="one folder of scoring/ only, such as counting")
    parser.add_argument(
        "--at", nargs="+", default=[], help="mutants of files or lines only: scoring/counting/lateness.py:138"
    )
    parser.add_argument("--quick", action="store_true", help="leave out the tests marked slow")
    given = parser.parse_args()
    os.chdir(ROOT)
    os.environ.update(dict.fromkeys(_ALONE, "1"), PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    # the same examples every time, and none made smaller, since it only counts whether a test fails
    settings.register_profile(
        "mutants",
        deadline=None,
        max_examples=50,
        derandomize=True,
        database=None,
        phases=(Phase.explicit, Phase.generate),
    )
    settings.load_profile("mutants")
    os.nice(19)
    chosen = sorted({Path(place).parts[1] for place in given.at}) or [given.folder]
    rows, survivors = [], []
    for folder in chosen if chosen[0] else folders():
        verdicts = try_all(folder, sample(folder, given.each, given.seed, given.at), given.quick)
        alive = [mutant for mutant, verdict in verdicts.items() if not verdict.killer]
        survivors += alive
        rows.append((folder, len(verdicts), len(verdicts) - len(alive)))
    print("\nSurvivors:" if survivors else "\nNone survived.")
    for mutant in sorted(survivors, key=lambda one: (one.path, one.place)):
        print(f"  {mutant.path}:{mutant.line}  {mutant.text}")
    print()
    for folder, tried, killed in [*rows, ("all", sum(row[1] for row in rows), sum(row[2] for row in rows))]:
        print(f"{folder:12} {tried:5} tried {killed:5} killed {100 * killed / max(tried, 1):6.1f} %")


if __name__ == "__main__":
    main()
