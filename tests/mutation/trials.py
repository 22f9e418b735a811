"""Tries mutants against the tests of a folder, in forks of one process that has imported everything and collected the tests once.

A mutant inside a function is tried in a fork made after collecting: the function is given its mutated code in place, and the tests
that enter it run, the quickest first, until one fails. A mutant outside of all functions is tried in a fork made before anything
of ``scoring/`` was imported. Both are bounded by processor time and memory, never by the clock: what does not end is killed.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import pickle
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any, TypeVar

import pytest

from tests.mutation.changes import Mutant

#: processor time that a test of a mutant may take: this many times what it takes without it, and this many seconds more
_TIMES, _MORE_S = 5, 3
#: and what it may take to import everything and collect the tests
_IMPORTED_S = 60
#: memory that a mutant may take beyond what the process has
_MEMORY = 4 << 30
_T = TypeVar("_T")
_Cached = type(lru_cache(lambda: None))


@dataclass
class Baseline:
    """What the tests of a folder do without a change.

    Attributes:
        seconds: by test the processor time it takes.
        enters: by file and first line of a function the tests that enter it.
        failed: tests that fail already.
        modules: what the process has imported, the project's own modules left out.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    enters: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    modules: list[str] = field(default_factory=list)

    def tests_of(self, mutant: Mutant) -> list[str]:
        """The tests to try a mutant with, the quickest first.

        They enter its function or, outside of all functions, its file, one that imports it, or none at all.
        """
        if self.is_entered(mutant):
            assert mutant.inner is not None
            names = self.enters[mutant.path, mutant.inner[1]]
        else:
            files = {mutant.path, *mutant.importers}
            names = set().union(*(names for (path, _), names in self.enters.items() if path in files))
            names |= set(self.seconds).difference(*self.enters.values())  # they look at values only
        return sorted(names, key=lambda name: (self.seconds[name], name))

    def is_entered(self, mutant: Mutant) -> bool:
        """Whether a test enters the function of a mutant; false outside of all, and where importing alone calls it."""
        return mutant.inner is not None and (mutant.path, mutant.inner[1]) in self.enters


@dataclass(frozen=True)
class Verdict:
    """How a mutant fared: the test that failed, "" if none did; and how many were tried."""

    killer: str
    tests: int


class Folder:
    """The tests of one folder, chosen by a mark expression."""

    def __init__(self, root: Path, tests: Sequence[str], marks: str) -> None:
        self._root = root
        # the core needs no broker, no store and no plugin: without them collecting takes a tenth of the time
        self._tests = tests
        self._arguments = [
            "--noconftest",
            "-q",
            "-x",
            "-p",
            "no:cacheprovider",
            "-o",
            "addopts=",
            "-m",
            marks,
        ]

    def baseline(self) -> Baseline:
        """Run all tests once, and import what they import of others for the forks to come."""
        found = _forked(lambda: self._collected(_Baseline(self._root).run))
        for name in found.modules:
            if name not in sys.modules:
                _imported(name)
        return found

    def verdicts(self, mutants: Sequence[Mutant], baseline: Baseline) -> Iterator[tuple[Mutant, Verdict]]:
        """Try each mutant."""
        inside = [mutant for mutant in mutants if baseline.is_entered(mutant)]
        for mutant in mutants:
            if not baseline.is_entered(mutant):
                names = baseline.tests_of(mutant)
                code = mutant.compiled(self._root)
                killer = _tried(lambda: self._outside(mutant, code, names, baseline))  # noqa: B023
                yield mutant, Verdict(killer, len(names))
        if not inside:
            return
        yield from _streamed(lambda give: self._collected(_Inside(self._root, inside, baseline, give).run))

    def _outside(self, mutant: Mutant, code: CodeType, names: Sequence[str], baseline: Baseline) -> str:
        signal.setitimer(signal.ITIMER_PROF, _IMPORTED_S)
        sys.meta_path.insert(0, _Mutated(self._root / mutant.path, code))
        files = sorted({name.partition("::")[0] for name in names})
        return self._collected(lambda items: _first_failure(items, names, baseline), files)

    def _collected(self, work: Callable[[list[pytest.Item]], _T], files: Sequence[str] = ()) -> _T:
        """Collect the tests and do something with them instead of running them; only in a fork."""
        plugin = _Instead(work)
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
        status = pytest.main([*self._arguments, *(files or self._tests)], plugins=[plugin])
        if plugin.result is None:
            raise ImportError(f"the tests could not be collected: {status!r}")
        return plugin.result[0]


class _Instead:
    """A plugin that puts something else in the place of the run."""

    def __init__(self, work: Callable[[list[pytest.Item]], Any]) -> None:
        self._work = work
        self.result: tuple[Any] | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if not session.testsfailed:
            self.result = (self._work(session.items),)
        return True


class _Reports:
    """Which test failed."""

    def __init__(self) -> None:
        self.failed = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid


def _first_failure(items: Sequence[pytest.Item], names: Sequence[str], baseline: Baseline) -> str:
    """Run the tests of these names in this order until one fails; a signal ends the process if one takes too long."""
    by_name = {item.nodeid: item for item in items}
    chosen = [by_name[name] for name in names if name in by_name]
    reports = _Reports()
    if chosen:
        chosen[0].config.pluginmanager.register(reports)
    for item, following in pairwise([*chosen, None]):
        signal.setitimer(signal.ITIMER_PROF, _TIMES * baseline.seconds[item.nodeid] + _MORE_S)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if reports.failed:
            break
    signal.setitimer(signal.ITIMER_PROF, 0)
    return reports.failed


class _Baseline:
    """Runs every test and notes which functions it enters."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[CodeType, tuple[str, int] | None] = {}

    def run(self, items: list[pytest.Item]) -> Baseline:
        """The baseline of these tests."""
        found, reports = Baseline(), _Reports()
        if items:
            items[0].config.pluginmanager.register(reports)
        for item, following in pairwise([*items, None]):
            entered: set[tuple[str, int]] = set()
            reports.failed = ""
            _forget_results()
            began = resource.getrusage(resource.RUSAGE_SELF)
            sys.settrace(lambda frame, _what, _more: self._enter(frame, entered))  # noqa: B023
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            sys.settrace(None)
            ended = resource.getrusage(resource.RUSAGE_SELF)
            found.seconds[item.nodeid] = ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime
            for function in entered:
                found.enters.setdefault(function, set()).add(item.nodeid)
            if reports.failed:
                found.failed.append(reports.failed)
        own = ("scoring", "streams", "tests", "deploy", "__main__", "conftest")
        found.modules = [name for name in sys.modules if name.partition(".")[0] not in own]
        return found

    def _enter(self, frame: FrameType, entered: set[tuple[str, int]]) -> None:
        code = frame.f_code
        if code not in self._known:
            path = Path(code.co_filename)
            is_ours = path.is_relative_to(self._root / "scoring")
            self._known[code] = (str(path.relative_to(self._root)), code.co_firstlineno) if is_ours else None
        function = self._known[code]
        if function is not None:
            entered.add(function)


class _Inside:
    """Tries mutants of functions, each in a fork of the process that has collected."""

    def __init__(
        self,
        root: Path,
        mutants: Sequence[Mutant],
        baseline: Baseline,
        give: Callable[[tuple[Mutant, Verdict]], None],
    ) -> None:
        self._root, self._mutants, self._baseline, self._give = root, mutants, baseline, give

    def run(self, items: list[pytest.Item]) -> bool:
        """Give out a verdict for each."""
        functions = _functions(self._root)
        for mutant in self._mutants:
            assert mutant.function is not None
            names, live = self._baseline.tests_of(mutant), functions[mutant.path, mutant.function[1]]
            code = self._code(mutant)
            killer = _tried(lambda: self._changed(live, code, items, names))  # noqa: B023
            self._give((mutant, Verdict(killer, len(names))))
        return True

    def _code(self, mutant: Mutant) -> CodeType:
        assert mutant.function is not None
        line = mutant.function[1]
        return next(one for one in _codes(mutant.compiled(self._root)) if one.co_firstlineno == line)

    def _changed(
        self, live: Sequence[FunctionType], code: CodeType, items: Sequence[pytest.Item], names: Sequence[str]
    ) -> str:
        for function in live:
            function.__code__ = code
        _forget_results()
        return _first_failure(items, names, self._baseline)


def _codes(code: CodeType) -> Iterator[CodeType]:
    """The code of all functions of a file, those of a class after it, none that are within another function."""
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            if inner.co_flags & 0x2:  # has variables of its own: a function, no body of a class
                yield inner
            else:
                yield from _codes(inner)


def _forget_results() -> None:
    """Empty what ``lru_cache`` holds: a result kept from another test hides what a test enters, or that a mutant differs."""
    for thing in gc.get_objects():
        if type(thing) is _Cached and (thing.__module__ or "").startswith("scoring"):
            thing.cache_clear()


def _functions(root: Path) -> dict[tuple[str, int], list[FunctionType]]:
    """The functions of the core that are alive, by file and first line."""
    found: dict[tuple[str, int], list[FunctionType]] = {}
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType) and thing.__code__.co_filename.startswith(str(root / "scoring")):
            path = str(Path(thing.__code__.co_filename).relative_to(root))
            found.setdefault((path, thing.__code__.co_firstlineno), []).append(thing)
    return found


class _Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives out one module with mutated code."""

    def __init__(self, path: Path, code: CodeType) -> None:
        self._path, self._code = path, code

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The mutated module's."""
        if not name.startswith("scoring"):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is None or spec.origin is None or Path(spec.origin) != self._path:
            return None
        spec.loader = self
        return spec

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        """As usual."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the mutated code."""
        exec(self._code, vars(module))


def _tried(work: Callable[[], str]) -> str:
    """What ``work`` returns in a fork, or how the fork ended."""

    def bounded() -> str:
        resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
        return work()

    try:
        return _forked(bounded)
    except ChildProcessError as ended:
        return str(ended)


def _forked(work: Callable[[], _T]) -> _T:
    """What ``work`` returns in a fork of this process."""
    results = list(_streamed(lambda give: give(work())))
    return results[0]


def _streamed(work: Callable[[Callable[[_T], None]], Any]) -> Iterator[_T]:
    """What ``work`` gives out in a fork of this process, one by one.

    Raises:
        ChildProcessError: the fork ended in an error.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _child(work, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        while True:
            try:
                yield pickle.load(pipe)
            except EOFError:
                break
    _, status = os.waitpid(child, 0)
    if status:
        code = os.waitstatus_to_exitcode(status)
        raise ChildProcessError(f"ended by signal {-code}" if code < 0 else "cannot be imported or run")


def _child(work: Callable[[Callable[[Any], None]], Any], writing: int) -> None:
    """Does the work and ends the process; nothing of the parent's is cleaned up here."""
    code = 1
    try:
        with os.fdopen(writing, "wb") as pipe:

            def give(result: object) -> None:
                pickle.dump(result, pipe)
                pipe.flush()

            work(give)
        code = 0
    except BaseException as error:  # also what ends a test run: the exit code says so to the parent
        if "MUTANTS_DEBUG" in os.environ:
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
    finally:
        os._exit(code)


def _imported(name: str) -> None:
    with contextlib.suppress(Exception):  # some modules can only be imported by their own package
        importlib.import_module(name)
