"""A connection asked for step by step: what a source needs, its secrets unseen, until it fits."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer
import yaml
from pydantic import BaseModel, ValidationError

from streams.cli.asking import failed
from streams.cli.terminal import answered, answered_unseen, say
from streams.config.model import Config
from streams.config.model_tree import file_errors
from streams.schema import is_secret
from streams.sources.config import AskedOf, ConnectionConfig
from streams.sources.configs import CONNECTIONS

#: rounds of questions about the same answers
_MAX_ROUNDS = 5


def parsed_settings(file: Path | None, given: list[str], source: str) -> dict[str, Any]:
    """What a file and options say of a connection."""
    content: dict[str, Any] = {}
    if file is not None:
        try:
            content = yaml.safe_load(file.read_text("utf-8")) or {}
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise failed(f"{file} cannot be read: {error}") from error
        if not isinstance(content, dict):
            raise failed(f"{file} must hold the settings of one connection")
    for text in given:
        key, equals, value = text.partition("=")
        if not equals:
            raise typer.BadParameter(f"{text!r}: write KEY=VALUE", param_hint="--set")
        put(content, key.strip().split("."), yaml.safe_load(value))
    if source:
        content["source"] = source
    return content


def put(content: dict[str, Any], path: list[str], value: Any) -> None:
    """Set a value at a path of keys."""
    for key in path[:-1]:
        inner = content.setdefault(key, {})
        if not isinstance(inner, dict):
            raise failed(f"{'.'.join(path)}: {key} must hold keys of its own")
        content = inner
    content[path[-1]] = value


def _answered(content: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Set what was answered; where the model has a list, in its first item."""
    model: type[BaseModel] | None = models()[content["source"]]
    for key in path[:-1]:
        annotation = model.model_fields[key].annotation if model is not None else None
        inner = content.setdefault(key, [{}] if get_origin(annotation) is tuple else {})
        content = inner[0] if isinstance(inner, list) else inner
        model = next(_models(annotation), None)
    content[path[-1]] = value


def models() -> dict[str, type[ConnectionConfig]]:
    """The models of connections by the name of their source."""
    return {get_args(model.model_fields["source"].annotation)[0]: model for model in CONNECTIONS}


def asked_settings(content: dict[str, Any], config: Config, is_asking: bool) -> ConnectionConfig:
    """The connection that ``content`` describes, completed by questions where it may be asked.

    Ends the command where it cannot be completed.
    """
    by_source = models()
    if content.get("source") not in by_source:
        content["source"] = _chosen("source", "Which source?", list(by_source), is_asking)
    model = by_source[content["source"]]
    if is_asking:
        for question in _questions(model):
            _ask(question, content, config)
    for _ in range(_MAX_ROUNDS):
        try:
            done = model.model_validate(content)
        except ValidationError as error:
            problems = [
                f"{'.'.join(map(str, bad['loc'])) or 'the connection'}: {_said(bad)}"
                for bad in file_errors(error, model)
            ]
            if not is_asking:
                raise failed("\n".join(problems)) from error
            for problem in problems:
                say(problem, err=True)
            key = answered("Which setting do you correct (KEY=VALUE; empty ends)", "")
            if not key:
                raise failed("not saved") from error
            put(content, key.partition("=")[0].split("."), yaml.safe_load(key.partition("=")[2]))
        else:
            _check_stores(done, config)
            return done
    raise failed("not saved")


def _said(bad: Mapping[str, Any]) -> str:
    return str(bad.get("ctx", {}).get("error", bad["msg"]))


def _check_stores(model: ConnectionConfig, config: Config) -> None:
    known = {store.id for store in config.stores}
    if unknown := [store for store in model.all_stores if store not in known]:
        raise failed(
            f"no store is called {unknown[0]!r}; expected one of: {', '.join(sorted(known)) or 'none is configured'}"
        )


def _questions(model: type[ConnectionConfig]) -> Iterator[tuple[str, ...]]:
    """The settings that are asked for, as paths, in order."""
    yield ("name",)
    yield ("store",)
    yield from (tuple(path.split(".")) for path in model.asks)


def _ask(path: tuple[str, ...], content: dict[str, Any], config: Config) -> None:
    """Ask for one setting, unless it is there, or belongs to another kind than was chosen."""
    model, holder = _holder(path, content)
    name = path[-1]
    if model is None or _has(content, path) or not _fits(model, name, holder):
        return
    field = model.model_fields[name]
    text = field.description or name.replace("_", " ")
    default = field.default if isinstance(field.default, str) else None
    choices = _choices(field.annotation)
    if name == "store":
        choices = [store.id for store in config.stores]
    if name == "mapping":
        _answered(content, path, _mapping_asked())
    elif choices:
        _answered(content, path, _chosen(name, text, choices, True, default))
    elif parts := _parts(field.annotation):
        usual = ", ".join(field.default or ())
        answer = answered(f"{text} Any of: {', '.join(parts)}", usual)
        _answered(content, path, [one.strip() for one in answer.split(",") if one.strip()])
    elif is_secret(model, name):
        answer = answered_unseen(f"{text} (env:NAME, file:PATH, or the secret itself; empty makes one)")
        _answered(content, path, answer or _made(name))
    else:
        answer = answered(text, default if default is not None else "")
        if answer:
            _answered(content, path, yaml.safe_load(answer))


def _made(name: str) -> str:
    made = secrets.token_urlsafe(24)
    say(f"made for {name}; give it to the other side now, it is not shown again: {made}")
    return made


def _mapping_asked() -> list[Any]:
    """A mapping from a file, or of orders by their few fields."""
    path = answered("YAML file with the mapping (empty: orders, asked field by field)", "")
    if path:
        try:
            found = yaml.safe_load(Path(path).read_text("utf-8"))
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise failed(f"{path} cannot be read: {error}") from error
        return found if isinstance(found, list) else [found]
    fields = {}
    for name, text in _ORDER_FIELDS:
        answer = answered(f"Where is {text}? A path such as order.id", "")
        if answer:
            fields[name] = answer
    return [{"kind": "order", "fields": fields}]


_ORDER_FIELDS = (
    ("order_id", "the order's number"),
    ("placed", "the time it was placed"),
    ("paid", "the time it was paid"),
    ("shipped", "the time it was shipped"),
    ("cancelled", "the time it was cancelled"),
    ("updated", "the time of its last change"),
    ("amount", "its amount"),
    ("currency", "its currency"),
    ("buyer", "the buyer's id"),
)


def _holder(path: tuple[str, ...], content: dict[str, Any]) -> tuple[type[BaseModel] | None, Any]:
    """The model that holds the last key of a path, and what is given of it."""
    model: type[BaseModel] | None = models()[content["source"]]
    value: Any = content
    for key in path[:-1]:
        annotation = model.model_fields[key].annotation if model is not None else None
        model = next(_models(annotation), None)
        value = value.get(key, {}) if isinstance(value, dict) else {}
        value = value[0] if isinstance(value, list) and value else value
    return model, value


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def _has(content: Any, path: tuple[str, ...]) -> bool:
    for key in path:
        if isinstance(content, list) and content:
            content = content[0]
        if not isinstance(content, dict) or key not in content:
            return False
        content = content[key]
    return True


def _fits(model: type[BaseModel], name: str, given: Any) -> bool:
    """Whether a setting is asked of what was chosen before: an API without keys is not asked for one."""
    asked_of: AskedOf = getattr(model, "asked_of", {})
    if name not in asked_of:
        return True
    other, values = asked_of[name]
    chosen = given.get(other, model.model_fields[other].default) if isinstance(given, dict) else None
    if not values:
        return bool(chosen)
    return any(one in values for one in chosen) if isinstance(chosen, list | tuple) else chosen in values


def _choices(annotation: Any) -> list[str]:
    return [str(value) for value in get_args(annotation)] if get_origin(annotation) is Literal else []


def _parts(annotation: Any) -> list[str]:
    """What a list of words may hold."""
    return _choices(get_args(annotation)[0]) if get_origin(annotation) is tuple else []


def _chosen(name: str, text: str, choices: list[str], is_asking: bool, default: str | None = None) -> str:
    if len(choices) == 1:
        return choices[0]
    if not is_asking or not choices:
        raise failed(f"{name} is missing; expected one of: {', '.join(choices) or 'none is configured'}")
    say(f"{text} One of: {', '.join(choices)}")
    while True:
        answer = answered(name, default if default in choices else choices[0])
        if answer in choices:
            return answer
        say(f"expected one of: {', '.join(choices)}", err=True)
