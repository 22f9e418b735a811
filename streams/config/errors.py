"""Errors of ``funnelwatch.yaml`` for people: each with its line and column, what is wrong and what was expected."""

from __future__ import annotations

import copy
import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from streams.config.model_tree import Loc, file_errors, secret_scalars
from streams.schema import MAIL_ADDRESS

#: errors hide behind others at most this deep
_ROUNDS = 5


#: what people call things that we call otherwise
_OTHER_NAMES = {
    "lark": "feishu", "ding": "dingtalk", "weixin": "wecom", "wechat": "wecom", "wechat_work": "wecom", "mail": "email",
    "smtp": "email", "hook": "webhook", "http": "webhook", "tiktok": "tiktok_shop", "website": "own_site", "own": "own_site",
}  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class ConfigProblem:
    """One error at one place; line and column count from 1."""

    line: int
    column: int
    text: str

    def shown(self, path: Path) -> str:
        """The error as a person reads it, in the form that editors jump to."""
        return f"{path}:{self.line}:{self.column}: {self.text}"


def syntax_problem(error: yaml.YAMLError) -> ConfigProblem:
    """What is wrong where the file is not YAML."""
    mark = getattr(error, "problem_mark", None)
    said = getattr(error, "problem", None) or str(error)
    if "\\t" in said:
        said = "a tab where spaces are expected; YAML is indented by spaces only"
    elif said == "mapping values are not allowed here":
        said += (
            " (a key further left or right than its neighbours, or a value with `: ` in it that needs quotes)"
        )
    return ConfigProblem(
        mark.line + 1 if mark else 1, mark.column + 1 if mark else 1, f"this is not YAML: {said}"
    )


def date_problem(root: Node | None, error: ValueError) -> ConfigProblem:
    """Which value has the form of a date and is none: YAML itself does not say it."""
    for _, node in _scalars(root):
        if node.tag == "tag:yaml.org,2002:timestamp":
            try:
                yaml.SafeLoader("").construct_yaml_timestamp(node)
            except ValueError as wrong:
                return _at(node, f"{node.value!r} is not a date: {wrong}")
    return ConfigProblem(1, 1, str(error))


def repeated_keys(root: Node | None) -> list[ConfigProblem]:
    """Keys given twice in the same mapping: YAML would take the last one silently."""
    problems = []
    for node in _nodes(root):
        if isinstance(node, MappingNode):
            seen: dict[str, int] = {}
            for key, _ in node.value:
                first = seen.setdefault(str(key.value), key.start_mark.line + 1)
                if first != key.start_mark.line + 1:
                    problems.append(
                        _at(key, f"key {key.value!r} is given twice; it is on line {first} already")
                    )
    return problems


def validation_problems(
    error: ValidationError, root: Node | None, model: type[BaseModel]
) -> list[ConfigProblem]:
    """The errors found against ``model``, each at the place of the value (or key) it is about."""
    found = file_errors(error, model)
    # a list whose only items are wrong is not empty: the items are reported
    return sorted(
        {
            _problem(bad, root)
            for bad in found
            if not (bad["type"] == "too_short" and _has_items(root, bad["loc"]))
        }
    )


def hidden_problems(
    error: ValidationError, root: Node | None, content: Any, model: type[BaseModel]
) -> list[ConfigProblem]:
    """The errors that are only looked for once those of ``error`` are fixed, such as a name given twice.

    Fixes a copy of ``content`` with placeholders and looks again. What is then missing is missing because of the placeholders.
    """
    patched = copy.deepcopy(content)
    found: set[ConfigProblem] = set()
    chosen: set[Loc] = set()  # whose kind is a placeholder: what that kind needs is nobody's error
    for _ in range(_ROUNDS):
        for number, bad in enumerate(file_errors(error, model)):
            _patch(patched, bad, number)
            if bad["type"] in ("literal_error", "enum"):
                chosen.add(tuple(bad["loc"][:-1]))
        try:
            model.model_validate(patched)
        except ValidationError as next_error:
            error = next_error
            found.update(
                _problem(bad, root)
                for bad in file_errors(error, model)
                if bad["type"] == "value_error" and tuple(bad["loc"]) not in chosen
            )
        else:
            break
    return sorted(found)


def _patch(content: Any, bad: Any, number: int) -> None:
    """Put a placeholder where the value at ``bad`` is wrong, or take it away so that the default holds."""
    *path, last = bad["loc"] or ("",)
    for part in path:
        try:
            content = content[part]
        except (KeyError, IndexError, TypeError):
            continue  # the name of a validator or of a union's member, which is not part of the file
    try:
        if bad["type"] == "too_short" and content[last]:
            return  # its items are fixed
    except (KeyError, IndexError, TypeError):
        return
    context = bad.get("ctx", {})
    forms = (f"placeholder-{number}", f"placeholder-{number}@example.com")
    fitting = [form for form in forms if re.search(str(context.get("pattern", "(?!)")), form)]
    if bad["type"] in ("literal_error", "enum"):
        content[last] = _choices(context)[-1]  # the last of a list asks least of its neighbours
    elif fitting:
        content[last] = fitting[0]
    elif bad["type"] == "tuple_type":
        content[last] = [forms[1]]
    elif isinstance(content, dict):
        content.pop(last, None)


def secret_problems(
    root: Node | None, model: type[BaseModel], resolve: Callable[[str], str], failure: type[Exception]
) -> list[ConfigProblem]:
    """References to secrets that lead nowhere, and secrets that are written into the file themselves."""
    problems = []
    for node in secret_scalars(root, model):
        if node.value and not node.value.startswith(("env:", "file:")):
            text = "a secret must not be written into this file; expected a reference: env:NAME or file:PATH"
            problems.append(_at(node, text))
        elif node.value:
            try:
                resolve(node.value)
            except failure as error:
                problems.append(_at(node, str(error)))
    return problems


def problem_texts(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """What is wrong with settings that are in no file, a line each."""
    return [_problem(bad, None).text for bad in file_errors(error, model)]


def problem_at(root: Node | None, loc: Loc, text: str) -> ConfigProblem:
    """A problem of the value at ``loc``, such as ``("stores", 0, "keys", 1)``."""
    key, value = _find(root, loc)
    return _at(value if value is not None else key, text)


def _problem(bad: Any, root: Node | None) -> ConfigProblem:
    loc: tuple[int | str, ...] = bad["loc"]
    where = (
        "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")
        or "the file"
    )
    kind, context, given = bad["type"], bad.get("ctx", {}), bad["input"]
    key, value = _find(root, loc)
    if kind == "extra_forbidden":
        known = bad["known"]
        near = difflib.get_close_matches(str(loc[-1]), known, n=1, cutoff=0.6)
        meant = f"did you mean {near[0]!r}? Expected" if near else "expected"
        return _at(key, f"unknown key {str(loc[-1])!r}; {meant} one of: {', '.join(known)}")
    if kind == "missing":
        return _at(_find(root, loc[:-1])[1], f"{where} is missing; it is required")
    if kind in ("literal_error", "enum"):
        choices = _choices(context)
        other = _OTHER_NAMES.get(str(given).casefold())
        near = [other] if other in choices else difflib.get_close_matches(str(given), choices, 1, 0.6)
        meant = f"did you mean {near[0]!r}? Expected" if near else "expected"
        return _at(
            value,
            f"{where}: unknown value {given!r}; {meant} one of: {', '.join(choices)}",
        )
    if kind == "string_pattern_mismatch":
        return _at(value, f"{where}: {given!r} has the wrong form; expected {_form(str(context['pattern']))}")
    if kind == "string_type":
        quote = " (write it in quotes)" if isinstance(given, bool | int | float) else ""
        return _at(value, f"{where}: expected text, not {_named(given)}{quote}")
    if kind == "value_error":
        said = str(context.get("error", bad["msg"]))
        return _at(_quoted(value, said) or value, f"{where}: {said}" if loc else said)
    said = str(bad["msg"]).removeprefix("Input should be ")
    said = _KINDS.get(kind, said)
    return _at(value, f"{where}: expected {said}; it is {_named(given)}")


def _choices(context: Any) -> list[str]:
    parts = re.split(r",| or ", str(context.get("expected", "")))
    return [choice for part in parts if (choice := part.strip(" '"))]


def _has_items(root: Node | None, loc: Loc) -> bool:
    _, node = _find(root, loc)
    return isinstance(node, SequenceNode) and bool(node.value)


def _named(value: object) -> str:
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return repr(value)


_KINDS = {
    "tuple_type": "a list", "model_type": "a mapping of keys to values", "float_parsing": "a number",
    "int_parsing": "a whole number", "int_from_float": "a whole number", "bool_parsing": "true or false",
}  # fmt: skip
_FORMS = {
    r"^[A-Z]{3}$": "three capital letters, such as USD or CNY",
    r"^([A-Z]{2})?$": "two capital letters, such as CN or DE",
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$": "at most 64 letters, digits, dots, dashes and underscores",
    r"^([01]\d|2[0-3]):[0-5]\d$": "a time of day such as 08:30",
    r"^([01]\d|2[0-3]):00-([01]\d|2[0-4]):00$": "full hours such as 09:00-18:00",
    MAIL_ADDRESS: "a mail address such as li@example.com",
}


def _form(pattern: str) -> str:
    return _FORMS.get(pattern, f"text that matches {pattern}")


def _at(node: Node | None, text: str) -> ConfigProblem:
    mark = node.start_mark if node is not None else None
    return ConfigProblem(mark.line + 1 if mark else 1, mark.column + 1 if mark else 1, text)


def _find(root: Node | None, loc: Loc) -> tuple[Node | None, Node | None]:
    """The nodes of key and value at ``loc``; as deep as the file goes."""
    key = node = root
    for part in loc:
        if isinstance(node, MappingNode):
            found = next(((k, v) for k, v in node.value if str(k.value) == str(part)), None)
            if found is None:
                continue  # the name of a validator or of a union's member, which is not part of the file
            key, node = found
        elif isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
            key = node = node.value[part]
    return key, node


def _nodes(node: Node | None) -> Iterator[Node]:
    if node is None:
        return
    yield node
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield from (key, *_nodes(value))
    elif isinstance(node, SequenceNode):
        for item in node.value:
            yield from _nodes(item)


def _scalars(
    node: Node | None, loc: tuple[int | str, ...] = ()
) -> Iterator[tuple[tuple[int | str, ...], ScalarNode]]:
    if isinstance(node, ScalarNode):
        yield loc, node
    elif isinstance(node, MappingNode):
        for key, value in node.value:
            yield from _scalars(value, (*loc, str(key.value)))
    elif isinstance(node, SequenceNode):
        for place, item in enumerate(node.value):
            yield from _scalars(item, (*loc, place))


def _quoted(node: Node | None, text: str) -> Node | None:
    """The last value below ``node`` that ``text`` quotes: the one that the error is about."""
    for name in reversed(re.findall(r"'([^']+)'", text)):
        found = [scalar for _, scalar in _scalars(node) if scalar.value == name]
        if found:
            return found[-1]
    return None
