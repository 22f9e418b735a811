"""What is to be pasted at a platform, printed: a page's pixel, an app's webhooks and scopes."""

from __future__ import annotations

from streams.cli.asking import configuration, failed
from streams.cli.terminal import say
from streams.config.model import Config
from streams.schema import ConfigError, resolve_secret
from streams.settings import Settings
from streams.sources.connection import Connection
from streams.sources.registry import source_named


def print_pastes(connection: Connection, settings: Settings, collector: str, key: str) -> None:
    """Print each text, after a line with where it goes. Ends the command if there is none."""
    if not collector.startswith("https://"):
        raise failed(f"platforms deliver to https:// addresses only, not to {collector!r}")
    spec, store = source_named(connection.source), connection.stores[0]
    given = key or pixel_key(configuration(settings), store)
    texts = spec.pastes(connection, collector, given or "PIXEL_KEY") if spec is not None else ()
    if not texts:
        raise failed(f"{connection.source} has nothing to paste")
    if not given:
        say(f"{store} has no pixel key; replace PIXEL_KEY below", err=True)
    for one in texts:
        say(f"# {one.where(settings.language)}", err=True)
        say(one.text)


def pixel_key(config: Config, store_id: str) -> str:
    """The first pixel key of a store; empty if it has none, or none that is at hand."""
    references = next((store.pixel_keys for store in config.stores if store.id == store_id), ())
    for reference in references:
        try:
            return resolve_secret(reference)
        except ConfigError as error:
            say(str(error), err=True)
    return ""
