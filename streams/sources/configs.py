"""The models of all connections of ``funnelwatch.yaml``, of the sources that have any."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from streams.sources.config import ConnectionConfig
from streams.sources.folders import SOURCE_FOLDERS, connection_of

CONNECTIONS: tuple[type[ConnectionConfig], ...] = tuple(
    model for folder in SOURCE_FOLDERS if (model := connection_of(folder)) is not None
)


def connection_type(models: Sequence[type[ConnectionConfig]] = CONNECTIONS) -> Any:
    """The type of a connection in the configuration: one of ``models``, chosen by the value of ``source``."""
    return Annotated[reduce(or_, models), Field(discriminator="source")]


#: reads the settings of a connection that was added at run time
CONNECTION: TypeAdapter[ConnectionConfig] = TypeAdapter(connection_type())
