"""The uploaded benchmark: a file in the instance's folder, read at each fit."""

from __future__ import annotations

from pathlib import Path

import structlog

from scoring.baselines.benchmark import Benchmark, BenchmarkError, parse_benchmark
from streams.instance.files import write_atomically

_log = structlog.get_logger()
FILE_NAME = "benchmark.csv"


def read_benchmark(data: Path) -> Benchmark:
    """The benchmark in force; an empty one if none was uploaded, or if the file was spoilt since."""
    try:
        return parse_benchmark((data / FILE_NAME).read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return Benchmark()
    except (BenchmarkError, UnicodeDecodeError, OSError) as error:
        _log.error("benchmark_unusable", file=str(data / FILE_NAME), reason=str(error)[:500])
        return Benchmark()


def put_benchmark(data: Path, content: bytes) -> Benchmark:
    """Check a benchmark file and keep it for the coming fits; gives what is in it.

    Raises:
        BenchmarkError: it is not a benchmark; the one in force stays.
    """
    try:
        benchmark = parse_benchmark(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BenchmarkError(f"the file is not UTF-8 text: byte {error.start}") from error
    write_atomically(data / FILE_NAME, content)
    return benchmark


def drop_benchmark(data: Path) -> bool:
    """Remove the benchmark; False if there was none."""
    try:
        (data / FILE_NAME).unlink()
    except FileNotFoundError:
        return False
    return True
