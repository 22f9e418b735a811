"""Finds, reads and checks ``funnelwatch.yaml``, and looks behind the references to secrets in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from streams.config.errors import (
    ConfigProblem,
    date_problem,
    hidden_problems,
    repeated_keys,
    secret_problems,
    syntax_problem,
    validation_problems,
)
from streams.config.idle import idle_problems
from streams.config.model import Config
from streams.config.secret_use import secret_use_problems
from streams.instance.config_file import FILE_NAME, find_config
from streams.schema import ConfigError, resolve_secret

__all__ = ["FILE_NAME", "find_config", "load_config", "read_config"]


def load_config(path: Path | None) -> Config:
    """The configuration in ``path``; an empty one for None.

    Raises:
        ConfigError: the file cannot be read or holds errors; the text names all of them, one a line.
    """
    if path is None:
        return Config()
    config, problems = read_config(path)
    if problems:
        raise ConfigError("\n".join(problems))
    return config


def read_config(path: Path, with_secrets: bool = False, with_idle: bool = False) -> tuple[Config, list[str]]:
    """The configuration in ``path`` and every error in it, as ``path:line:column: what is wrong``.

    With ``with_secrets`` also references behind which no secret is, with ``with_idle`` what can never matter. The configuration is empty if there are errors.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        return Config(), [f"{path}: cannot be read: {error.strerror}"]
    except UnicodeDecodeError as error:
        return Config(), [
            f"{path}: is not UTF-8 text: byte {error.start} is {error.object[error.start]:#04x}; save it as UTF-8"
        ]
    root = None
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        content: Any = yaml.safe_load(text)
    except RecursionError:
        return Config(), [ConfigProblem(1, 1, "nested too deeply").shown(path)]
    except (yaml.YAMLError, ValueError) as error:
        wrong = syntax_problem(error) if isinstance(error, yaml.YAMLError) else date_problem(root, error)
        return Config(), [wrong.shown(path)]
    try:
        problems = repeated_keys(root)
    except RecursionError:
        return Config(), [
            ConfigProblem(1, 1, "an alias is within its own anchor; YAML ends nowhere").shown(path)
        ]
    config = Config()
    try:
        config = Config.model_validate({} if content is None else content)
    except ValidationError as error:
        problems += validation_problems(error, root, Config)
        problems += hidden_problems(error, root, content, Config)
    if with_secrets:
        problems += secret_problems(root, Config, resolve_secret, ConfigError)
        problems += secret_use_problems(config, root, resolve_secret)
    if with_idle:
        problems += idle_problems(config, root)
    return config, [problem.shown(path) for problem in sorted(set(problems))]
