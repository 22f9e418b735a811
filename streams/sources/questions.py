"""What is asked when a connection is added, on the command line and on the page: which settings, in which order, in which words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from scoring.wording.text import Text
from streams.config.errors import problem_texts
from streams.config.model import Config
from streams.errors import InputError
from streams.schema import is_secret
from streams.sources.ask_words import Asked, asked_words
from streams.sources.config import AskedOf, ConnectionConfig
from streams.sources.configs import CONNECTIONS


class ConnectionRejectedError(InputError):
    """The settings of a connection do not fit; ``problems`` says why, each with its setting. Page and command line show them."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


class AnswerKind(StrEnum):
    """How an answer is given."""

    TEXT = "text"
    CHOICE = "choice"
    CHOICES = "choices"
    SECRET = "secret"  # noqa: S105  (a word, no password)
    MAPPING = "mapping"


@dataclass(frozen=True, slots=True)
class SettingQuestion:
    """One setting that is asked for.

    Attributes:
        path: of keys, as in funnelwatch.yaml; within a list its first item is meant.
        words: its name, and where it is found.
        choices: what may be answered; empty for anything.
        usual: what holds without an answer; of several choices with commas between.
        is_needed: it may not be left empty.
        is_made: a secret that is made where none is given.
        only_with: asked only if this other setting (by its path) has one of these values, or, where there are none, any; ``AskedOf``.
    """

    path: tuple[str, ...]
    kind: AnswerKind
    words: Asked
    choices: tuple[str, ...] = ()
    usual: str = ""
    is_needed: bool = False
    is_made: bool = False
    only_with: tuple[str, tuple[str, ...]] | None = None

    @property
    def name(self) -> str:
        """The path in one word."""
        return ".".join(self.path)


def models() -> dict[str, type[ConnectionConfig]]:
    """The models of connections by the name of their source."""
    return {get_args(model.model_fields["source"].annotation)[0]: model for model in CONNECTIONS}


def questions(model: type[ConnectionConfig], stores: Sequence[str]) -> tuple[SettingQuestion, ...]:
    """Everything that a connection of a source is asked for, name and store first."""
    paths = [("name",), ("store",), *(tuple(path.split(".")) for path in model.asks)]
    return tuple(_question(model, path, stores) for path in paths)


def _question(model: type[ConnectionConfig], path: tuple[str, ...], stores: Sequence[str]) -> SettingQuestion:
    holder: type[BaseModel] = model
    for key in path[:-1]:
        holder = next(_models(holder.model_fields[key].annotation))
    name, field = path[-1], holder.model_fields[path[-1]]
    kind, choices = _kind(holder, name)
    if path == ("store",):
        kind, choices = AnswerKind.CHOICE, tuple(stores)
    usual = field.default if isinstance(field.default, str) else ""
    if kind is AnswerKind.CHOICES:
        usual = ", ".join(field.default or ())
    source = get_args(model.model_fields["source"].annotation)[0]
    asked_of: AskedOf = getattr(holder, "asked_of", {})
    only = asked_of.get(name)
    return SettingQuestion(
        path,
        kind,
        asked_words(source, ".".join(path)) or Asked(Text(name, name), _described(field.description)),
        choices,
        usual,
        path in (("name",), ("store",)) or (len(path) == 1 and name in model.needs),
        len(path) == 1 and name in model.made,
        (".".join((*path[:-1], only[0])), only[1]) if only else None,
    )


def _described(text: str | None) -> Text:
    return Text(text or "", text or "")


def _kind(holder: type[BaseModel], name: str) -> tuple[AnswerKind, tuple[str, ...]]:
    annotation = holder.model_fields[name].annotation
    if name == "mapping":
        return AnswerKind.MAPPING, ()
    if choices := _choices(annotation):
        return AnswerKind.CHOICE, tuple(choice for choice in choices if choice)
    if get_origin(annotation) is tuple:
        return AnswerKind.CHOICES, tuple(_choices(get_args(annotation)[0]))
    return (AnswerKind.SECRET if is_secret(holder, name) else AnswerKind.TEXT), ()


def is_asked(question: SettingQuestion, content: Mapping[str, Any], model: type[ConnectionConfig]) -> bool:
    """Whether a setting is asked of what was chosen before: an API without keys is not asked for one."""
    if question.only_with is None:
        return True
    path, values = question.only_with
    if not values:
        has_any = any(_chosen(content, one.lstrip("!"), model) for one in path.split("/"))
        return has_any != path.startswith("!")
    chosen = _chosen(content, path, model)
    return any(one in values for one in chosen) if isinstance(chosen, list | tuple) else chosen in values


def _chosen(content: Mapping[str, Any], path: str, model: type[ConnectionConfig]) -> Any:
    other = tuple(path.split("."))
    chosen = given(content, other)
    return _default(model, other) if chosen is None else chosen


def given(content: Any, path: Sequence[str]) -> Any:
    """What is given at a path, in lists of the first item; None if nothing is."""
    for key in path:
        if isinstance(content, list) and content:
            content = content[0]
        if not isinstance(content, dict) or key not in content:
            return None
        content = content[key]
    return content


def read_value(source: str, path: Sequence[str], text: str) -> Any:
    """The value of a setting that was typed: text where the setting holds text (numbers of shops may begin with 0), else as in YAML.

    Raises:
        ConnectionRejectedError: it cannot be read as YAML.
    """
    holder: type[BaseModel] | None = models().get(source)
    for key in path[:-1]:
        field = holder.model_fields.get(key) if holder is not None else None
        holder = next(_models(field.annotation), None) if field is not None else None
    field = holder.model_fields.get(path[-1]) if holder is not None else None
    if field is not None and _holds_text(field.annotation):
        return text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConnectionRejectedError([f"{'.'.join(path)}: {text!r} cannot be read as YAML"]) from error


def _holds_text(annotation: Any) -> bool:
    if get_origin(annotation) is Literal:
        return all(isinstance(value, str) for value in get_args(annotation))
    if get_origin(annotation) in (Annotated, Union, UnionType):
        return any(_holds_text(inner) for inner in get_args(annotation))
    return annotation is str


def put_answer(content: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Set what was answered; where the model has a list, in its first item."""
    model: type[BaseModel] | None = models()[content["source"]]
    for key in path[:-1]:
        annotation = model.model_fields[key].annotation if model is not None else None
        inner = content.setdefault(key, [{}] if get_origin(annotation) is tuple else {})
        content = inner[0] if isinstance(inner, list) else inner
        model = next(_models(annotation), None)
    content[path[-1]] = value


def checked(content: Mapping[str, Any], config: Config) -> ConnectionConfig:
    """The connection that ``content`` describes.

    Raises:
        ConnectionRejectedError: it describes none, or one for a store that is not configured.
    """
    model = models()[content["source"]]
    try:
        done = model.model_validate(content)
    except ValidationError as error:
        raise ConnectionRejectedError(problem_texts(error, model)) from error
    known = {store.id for store in config.stores}
    if unknown := [store for store in done.all_stores if store not in known]:
        raise ConnectionRejectedError(
            [
                f"no store is called {unknown[0]!r}; expected one of: {', '.join(sorted(known)) or 'none is configured'}"
            ]
        )
    return done


def _default(model: type[BaseModel], path: Sequence[str]) -> Any:
    for key in path[:-1]:
        model = next(_models(model.model_fields[key].annotation))
    return model.model_fields[path[-1]].default


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def _choices(annotation: Any) -> list[str]:
    return [str(value) for value in get_args(annotation)] if get_origin(annotation) is Literal else []
