"""What a store's configuration says where a person does not: the zone and the currency of its files."""

from __future__ import annotations

from dataclasses import replace

from streams.config.model import Config
from streams.sources.files.exports.dry_run import ImportChoices


def with_store(choices: ImportChoices, config: Config) -> ImportChoices:
    """The choices, with what the configuration of their store says for certain."""
    store = config.store(choices.store) if choices.store else None
    if store is None:
        return choices
    said = store.model_fields_set
    return replace(
        choices,
        zone=choices.zone or (store.zone if "zone" in said else ""),
        currency=choices.currency or (store.currency if "currency" in said else ""),
    )
