"""A connection asked for step by step: what a source needs, its secrets unseen, until it fits."""

from __future__ import annotations

import difflib
import secrets
from pathlib import Path
from typing import Any

import typer
import yaml

from scoring.wording.text import Language
from streams.cli.asking import failed
from streams.cli.terminal import answered, answered_unseen, say
from streams.clock import now_ms
from streams.config.model import Config
from streams.sources.approval import LINK, NO_LINK, CodeRejectedError
from streams.sources.config import ConnectionConfig
from streams.sources.granting import approval_link, complete_by_code, needs_of_link, said_of, typed_secret
from streams.sources.questions import (
    AnswerKind,
    ConnectionRejectedError,
    SettingQuestion,
    checked,
    given,
    is_asked,
    models,
    put_answer,
    questions,
    read_value,
)

#: rounds of questions about the same answers
_MAX_ROUNDS = 5


def named_source(name: str) -> str:
    """The source that a person means: as it is called, or by the platform's own name ("TikTok Shop").

    Ends the command if there is none.
    """
    wanted, names = name.strip().lower().replace(" ", "_").replace("-", "_"), list(models())
    if wanted in names:
        return wanted
    near = [one for one in names if one.startswith(wanted)] if wanted else []
    if len(near) == 1:
        return near[0]
    guesses = near or difflib.get_close_matches(wanted, names, 2)
    meant = f"; did you mean {' or '.join(guesses)}? Expected" if guesses else "; expected"
    raise failed(f"unknown source {name!r}{meant} one of: {', '.join(names)}")


def parsed_settings(file: Path | None, settings: list[str], source: str) -> dict[str, Any]:
    """What a file and options say of a connection."""
    content: dict[str, Any] = {}
    if file is not None:
        try:
            content = yaml.safe_load(file.read_text("utf-8")) or {}
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise failed(f"{file} cannot be read: {error}") from error
        if not isinstance(content, dict):
            raise failed(f"{file} must hold the settings of one connection")
    if source:
        content["source"] = named_source(source)
    for text in settings:
        key, equals, value = text.partition("=")
        if not equals:
            raise typer.BadParameter(f"{text!r}: write KEY=VALUE", param_hint="--set")
        _set(content, key, value)
    return content


def _set(content: dict[str, Any], key: str, value: str) -> None:
    """Set what was typed as KEY=VALUE."""
    path = key.strip().split(".")
    try:
        put(content, path, read_value(str(content.get("source", "")), path, value.strip()))
    except ConnectionRejectedError as error:
        raise failed(str(error)) from error


def put(content: dict[str, Any], path: list[str], value: Any) -> None:
    """Set a value at a path of keys."""
    for key in path[:-1]:
        inner = content.setdefault(key, {})
        if not isinstance(inner, dict):
            raise failed(f"{'.'.join(path)}: {key} must hold keys of its own")
        content = inner
    content[path[-1]] = value


def asked_settings(
    content: dict[str, Any], config: Config, language: Language, is_asking: bool
) -> ConnectionConfig:
    """The connection that ``content`` describes, completed by questions where it may be asked.

    Ends the command where it cannot be completed.
    """
    if content.get("source") not in models():
        content["source"] = _chosen("source", "Which source?", tuple(models()), is_asking)
    model = models()[content["source"]]
    _complete(content, language)
    if is_asking:
        for question in questions(model, [store.id for store in config.stores]):
            if given(content, question.path) is None and is_asked(question, content, model):
                if question.path == ("code",):
                    ask_code(content, language)
                else:
                    _ask(question, content, language)
    for _ in range(_MAX_ROUNDS):
        try:
            return checked(content, config)
        except ConnectionRejectedError as error:
            if not is_asking:
                raise failed(str(error)) from error
            for problem in error.problems:
                say(problem, err=True)
            key = answered("Which setting do you correct (KEY=VALUE; empty ends)", "")
            if not key:
                raise failed("not saved") from error
            _set(content, key.partition("=")[0], key.partition("=")[2])
    raise failed("not saved")


def ask_code(content: dict[str, Any], language: Language) -> None:
    """Show the link by which the shop approves, or what is missing for it, and ask for the address that it leads to, until it is of use."""
    (question,) = (one for one in questions(models()[content["source"]], ()) if one.path == ("code",))
    for _ in range(_MAX_ROUNDS):
        content.pop("code", None)
        _show_link(content, language)
        _ask(question, content, language)
        try:
            complete_by_code(content)
            return
        except (CodeRejectedError, ConnectionRejectedError) as error:
            say("\n".join(said_of(error, language)), err=True)
    raise failed("not saved")


def _show_link(content: dict[str, Any], language: Language) -> None:
    if link := approval_link(content, typed_secret, now_ms()):
        say(LINK(language))
        say(link)
    else:
        say(NO_LINK(language, needs=", ".join(needs_of_link(content["source"]))))


def _complete(content: dict[str, Any], language: Language) -> None:
    """Take what a pasted address says. Ends the command if it is of no use."""
    try:
        complete_by_code(content)
    except (CodeRejectedError, ConnectionRejectedError) as error:
        raise failed("\n".join(said_of(error, language))) from error


def _ask(question: SettingQuestion, content: dict[str, Any], language: Language) -> None:
    text = f"{question.words.label(language)}: {question.words.where(language)}"
    answer: Any
    match question.kind:
        case AnswerKind.MAPPING:
            answer = _mapping_asked()
        case AnswerKind.CHOICE:
            answer = _chosen(question.path[-1], text, question.choices, True, question.usual)
        case AnswerKind.CHOICES:
            of = f" Any of: {', '.join(question.choices)}" if question.choices else ""
            answer = [one.strip() for one in answered(text + of, question.usual).split(",") if one.strip()]
        case AnswerKind.SECRET:
            made = "; empty makes one" if question.is_made else ""
            typed = answered_unseen(f"{text} (env:NAME, file:PATH, or the secret itself{made})")
            answer = typed or (_made(question.path[-1]) if question.is_made else None)
        case AnswerKind.TEXT:
            # what is needed is asked for until it is given
            written = answered(text, question.usual or None if question.is_needed else question.usual)
            answer = read_value(content["source"], question.path, written) if written else None
    if answer not in (None, ""):
        put_answer(content, question.path, answer)


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


def _chosen(
    name: str, text: str, choices: tuple[str, ...], is_asking: bool, default: str | None = None
) -> str:
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
