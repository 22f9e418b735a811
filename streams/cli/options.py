"""A command of many options takes them as one object: a dataclass whose fields are the options, with their help and defaults."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar, get_type_hints

T = TypeVar("T")


def with_options(command: Callable[[T], None], options: type[T]) -> Callable[..., None]:
    """A function that Typer takes for a command, and that calls ``command`` with what was given.

    Args:
        command: what is run; its name and docstring are the command's.
        options: a dataclass; each field is an ``Annotated[type, typer.Option(…)]`` with a default.
    """
    kinds = get_type_hints(options, include_extras=True)

    def run(**given: Any) -> None:
        command(options(**given))

    shown: Any = run
    shown.__name__, shown.__doc__, shown.__annotations__ = command.__name__, command.__doc__, kinds
    shown.__signature__ = inspect.Signature(
        [
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=field.default,
                annotation=kinds[field.name],
            )
            for field in fields(options)  # type: ignore[arg-type]
        ]
    )
    return run
