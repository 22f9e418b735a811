"""The model read next to the file: which model is at a place of it, which keys it knows, which values are secrets.

pydantic puts the tag of a union's member (``email`` in ``receivers[0].email.to``) into the place of an error; people and the
file know no such part, so it is taken out here, and an unknown tag becomes an unknown value of the key that holds it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from streams.schema import is_secret

Loc = Sequence[int | str]
Models = Mapping[str, type[BaseModel]]


def file_errors(error: ValidationError, model: type[BaseModel]) -> list[dict[str, Any]]:
    """pydantic's errors, each at the place of the file that it is about; one of an unknown key lists those that are ``known``."""
    return [_file_error(dict(bad), model) for bad in error.errors()]


def _file_error(bad: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    if bad["type"] == "extra_forbidden":
        _, models = _walk(model, bad["loc"][:-1])
        bad["known"] = sorted(key for inner in models.values() for key in _keys(inner))
    bad["loc"], _ = _walk(model, bad["loc"])
    if bad["type"] in ("union_tag_invalid", "union_tag_not_found"):
        context = bad["ctx"]
        bad["loc"] = (*bad["loc"], context["discriminator"].strip("'"))
        bad["type"] = "literal_error" if bad["type"] == "union_tag_invalid" else "missing"
        bad["input"] = context.get("tag")
        bad["ctx"] = {"expected": context.get("expected_tags", "")}
    return bad


def secret_scalars(node: Node | None, model: type[BaseModel] | None) -> Iterator[ScalarNode]:
    """The values of the file that the model marks as references to secrets."""
    if isinstance(node, SequenceNode):
        for item in node.value:
            yield from secret_scalars(item, model)
    if not isinstance(node, MappingNode) or model is None:
        return
    for key, value in node.value:
        name = _keys(model).get(str(key.value))
        if key.value == "<<":
            yield from secret_scalars(value, model)
        elif name is not None and is_secret(model, name):
            yield from (item for item in _items(value) if isinstance(item, ScalarNode))
        elif name is not None:
            for item in _items(value):
                yield from secret_scalars(item, _chosen(_inner(model, str(key.value)), item))


def _walk(model: type[BaseModel], loc: Loc) -> tuple[tuple[int | str, ...], Models]:
    """``loc`` without the tags of unions, and the models that are possible there."""
    models: Models = {"": model}
    place: list[int | str] = []
    for part in loc:
        if isinstance(part, str) and len(models) > 1 and part in models:
            models = {"": models[part]}
            continue
        place.append(part)
        if isinstance(part, str):
            models = _inner(_one(models), part)
    return tuple(place), models


def _one(models: Models) -> type[BaseModel] | None:
    return next(iter(models.values())) if len(models) == 1 else None


def _inner(model: type[BaseModel] | None, key: str) -> Models:
    """The models of the value of ``key``, by their tags."""
    name = None if model is None else _keys(model).get(key)
    if model is None or name is None:
        return {}
    found = list(_models(model.model_fields[name].annotation))
    return {_tag(inner)[1] if len(found) > 1 else "": inner for inner in found}


def _keys(model: type[BaseModel]) -> dict[str, str]:
    """The name of each field by its key in the file."""
    return {field.alias or name: name for name, field in model.model_fields.items()}


def _tag(model: type[BaseModel]) -> tuple[str, str]:
    """The key and the value that choose ``model`` in a union: those of its first field that takes one value only."""
    for key, name in _keys(model).items():
        annotation = model.model_fields[name].annotation
        if get_origin(annotation) is Literal and len(values := get_args(annotation)) == 1:
            return key, str(values[0])
    return "", model.__name__


def _chosen(models: Models, node: Node) -> type[BaseModel] | None:
    """The one of ``models`` that the mapping ``node`` is of; None if it does not say."""
    if len(models) == 1 or not isinstance(node, MappingNode):
        return _one(models)
    given = {str(key.value): str(value.value) for key, value in node.value}
    return next((model for model in models.values() if given.get(_tag(model)[0]) == _tag(model)[1]), None)


def _items(node: Node) -> Sequence[Node]:
    return node.value if isinstance(node, SequenceNode) else [node]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
