"""The key of connections replaced: what is sealed with a former one, and sealing it again."""

from __future__ import annotations

import re
from typing import Any

from streams.cli.asking import failed
from streams.cli.terminal import say
from streams.settings import Settings
from streams.sources.configs import CONNECTIONS
from streams.sources.directory import ConnectionDirectory, place_of
from streams.sources.sealing import SEALED, SealedUnreadableError, open_sealer, sealed_secrets
from streams.sources.source_log import StoredConnection, log_key

_SEALED = re.compile(rf"{SEALED}[0-9a-f]+:[A-Za-z0-9_=-]+")


def seal_again(settings: Settings, directory: ConnectionDirectory) -> dict[str, Any]:
    """The records of connections added at run time, with secrets sealed by the present key."""
    sealer, records = open_sealer(settings), dict[str, Any]()
    models = {model.model_fields["source"].annotation.__args__[0]: model for model in CONNECTIONS}  # type: ignore[union-attr]
    for name, stored in directory.book.under(StoredConnection, "connection"):
        model = models.get(str(stored.settings.get("source", "")))
        if model is None:
            continue
        try:
            again = sealed_secrets(model, stored.settings, sealer, place_of(name))
        except SealedUnreadableError as error:
            say(f"left as it is: {error}", err=True)
            continue
        if again != stored.settings:
            records[log_key("connection", name)] = StoredConnection(again, stored.at_ms, stored.who)
    return records


def needs_former_keys(settings: Settings, directory: ConnectionDirectory) -> list[str]:
    """Tokens that are sealed with a former key and belong to no connection (any more): with the key they are to be forgotten.

    Ends the command if a connection still needs a former key.
    """
    sealer, book = open_sealer(settings), directory.book
    left = []
    for key in (*book.keys("connection"), *book.keys("token"), *book.keys("authorised")):
        text = (book.raw(key) or b"").decode("utf-8", "replace")
        if not any(sealer.is_old(sealed) for sealed in _SEALED.findall(text)):
            continue
        kind, _, name = key.partition("/")
        if kind == "authorised" or (kind == "token" and directory.get(name) is None):
            left.append(key)
            continue
        raise failed(
            f"{key} is still sealed with a former key; run `funnelwatch sources rotate-key` first. The role sources seals tokens again within a minute of it: is it running?"
        )
    if left:
        say(f"forgotten, for no connection has them any more: {', '.join(left)}")
    return left
