"""The models of all connections of ``funnelwatch.yaml``: a line for each source that has connections.

A test holds that these are the models that the sources of ``streams/sources/registry.py`` name.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from streams.sources.config import ConnectionConfig
from streams.sources.json_api.config import JsonApiConnection
from streams.sources.webhook.config import WebhookConnection

CONNECTIONS: tuple[type[ConnectionConfig], ...] = (WebhookConnection, JsonApiConnection)


def connection_type(models: Sequence[type[ConnectionConfig]] = CONNECTIONS) -> Any:
    """The type of a connection in the configuration: one of ``models``, chosen by the value of ``source``."""
    return Annotated[reduce(or_, models), Field(discriminator="source")]


#: reads the settings of a connection that was added at run time
CONNECTION: TypeAdapter[ConnectionConfig] = TypeAdapter(connection_type())
