"""``funnelwatch schema``: the JSON Schemas of what goes in, of what is on the topics, and of the configuration."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import msgspec
import typer

from scoring.alerts.alert import AlertTransition
from scoring.events.event import DeadLetter, Event
from scoring.events.incoming import IncomingEvent
from streams.cli.terminal import say_json


class SchemaName(StrEnum):
    """What a schema is for."""

    INCOMING = "incoming"
    EVENT = "event"
    DEADLETTER = "deadletter"
    ALERT = "alert"
    CONFIG = "config"


_TYPES: dict[SchemaName, Any] = {
    SchemaName.INCOMING: IncomingEvent,
    SchemaName.EVENT: Event,
    SchemaName.DEADLETTER: DeadLetter,
    SchemaName.ALERT: AlertTransition,
}


def schema_of(name: SchemaName) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one type."""
    if name is SchemaName.CONFIG:
        from streams.config.schema import config_schema

        return config_schema()
    schema = msgspec.json.schema(_TYPES[name])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Funnelwatch {name}",
        **schema,
    }


def schema(
    name: Annotated[
        SchemaName,
        typer.Argument(
            help="incoming: an event for POST /v1/events; event, deadletter, alert: a record on its topic; config: funnelwatch.yaml, for editors."
        ),
    ] = SchemaName.INCOMING,
) -> None:
    """Print the JSON Schema of an event as it is sent, of a record on a topic, or of funnelwatch.yaml."""
    say_json(msgspec.json.format(msgspec.json.encode(schema_of(name)), indent=2).decode())


def register(app: typer.Typer) -> None:
    """Add the command ``schema``."""
    app.command()(schema)
