"""An upgrade of aiokafka or Faust must be read before it is trusted: this fails loudly and names what changed."""

from __future__ import annotations

from streams.batches import internals


def test_aiokafka_and_faust_are_the_pinned_versions() -> None:
    assert internals.are_known_versions(), (
        f"the batch transport was written for {internals.VERSIONS}; read internals.py before changing the pin"
    )


def test_what_the_transport_touches_is_unchanged() -> None:
    assert len(internals.TOUCHED) >= 32
    assert internals.changed() == {}, "read what changed, fix the transport, then renew the digests"


def test_a_changed_piece_is_named() -> None:
    name = "aiokafka.consumer.fetcher:FetchResult"
    wanted = internals.TOUCHED[name]
    internals.TOUCHED[name] = "0000"
    try:
        assert internals.changed() == {name: wanted}
    finally:
        internals.TOUCHED[name] = wanted
