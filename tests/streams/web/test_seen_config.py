"""What subjects of the page are given instead of the configuration."""

from __future__ import annotations

import pickle

from streams.clickhouse.seen import seeing
from streams.config.model import Config
from streams.web.frame.seen_config import seen_config
from tests.fixtures.web_seed import CONFIG


def test_an_import_from_the_page_ended_because_its_process_could_not_read_the_configuration() -> None:
    config = seen_config(CONFIG)
    whole = pickle.loads(pickle.dumps(config))
    assert (type(whole), whole) == (Config, CONFIG)
    mine = frozenset({CONFIG.stores[0].id})
    with seeing(mine):
        part = pickle.loads(pickle.dumps(config))
    assert {store.id for store in part.stores} == mine
