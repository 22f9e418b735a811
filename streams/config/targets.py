"""The targets of a store, from ``targets`` and from the file of ``target_file``."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from scoring.evaluation.errors import EvaluationError
from scoring.evaluation.targets import StoreTarget, target_g
from streams.config.evaluating import TargetConfig, named_exactly
from streams.config.model import Config
from streams.schema import ConfigError

_NEEDED, _MORE = ("of", "value"), ("store", "set_by")
_MOST_LINES = 20_000


def read_target_file(path: Path) -> list[TargetConfig]:
    """The targets of a file.

    Raises:
        ConfigError: it cannot be read, or a line is not a target; the text names the line.
    """
    try:
        with path.expanduser().open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            names = {name.strip() for name in rows.fieldnames or ()}
            if not names.issuperset(_NEEDED) or not names.issubset({*_NEEDED, *_MORE}):
                raise ConfigError(
                    f"{path}: expected the columns {','.join(_NEEDED)} and, if needed, {','.join(_MORE)}"
                )
            found = []
            for row in rows:
                if rows.line_num > _MOST_LINES:
                    raise ConfigError(f"{path}: more than {_MOST_LINES} lines")
                found.append(_target(path, rows.line_num, row))
            return found
    except OSError as error:
        raise ConfigError(f"{path} (target_file): cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{path} (target_file): is not CSV in UTF-8") from error


def _target(path: Path, line: int, row: Mapping[str, str | None]) -> TargetConfig:
    values = {
        (name or "").strip(): (value or "").strip() for name, value in row.items() if isinstance(value, str)
    }
    stores = (values["store"],) if values.get("store") else ()
    try:
        value = values.get("value", "")
        number = float(value.removesuffix("%")) / (100 if value.endswith("%") else 1)
        target = TargetConfig(of=values["of"], value=number, stores=stores, set_by=values.get("set_by", ""))
        target_g(StoreTarget(target.of, target.value))
    except (ValueError, EvaluationError) as error:
        said = str(error)
        if "could not convert" in said:
            said = f"expected a number, not {values.get('value', '')[:40]!r}"
        elif "validation error" in said:
            said = f"unknown indicator or step {values['of'][:64]!r}; `funnelwatch ask definition` lists all"
        raise ConfigError(f"{path}:{line}: {said}") from error
    return target


def target_problems(config: Config) -> list[str]:
    """What is wrong with the file of targets: that it cannot be read, or names a store that is not configured."""
    if not config.target_file:
        return []
    path = Path(config.target_file)
    try:
        targets = read_target_file(path)
    except ConfigError as error:
        return [str(error)]
    known = {store.id for store in config.stores}
    missing = sorted({one for target in targets for one in named_exactly(target.stores)} - known)
    return [f"{path}: unknown store {store!r}" for store in missing]


def targets_of(config: Config, store_id: str, later: Sequence[TargetConfig] = ()) -> tuple[StoreTarget, ...]:
    """The targets of a store; of several of one thing the last holds: the file's after those of the configuration, ``later`` ones last.

    Raises:
        ConfigError: the file cannot be read, or a line is not a target.
    """
    every = list(config.targets)
    if config.target_file:
        every += read_target_file(Path(config.target_file))
    every += later
    return tuple(
        StoreTarget(one.of, one.value, one.set_by)
        for one in every
        if any(store.id == store_id for store in config.chosen(one.stores, one.group))
    )
