"""FUNNELWATCH_TRUSTED_PROXIES as it is written in an environment, of which Compose sets it empty."""

from __future__ import annotations

import pytest

from streams.settings import Settings


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", ()),
        (" ", ()),
        ("10.0.0.0/8", ("10.0.0.0/8",)),
        ("10.0.0.0/8, 2001:db8::/32,127.0.0.1", ("10.0.0.0/8", "2001:db8::/32", "127.0.0.1")),
    ],
)
def test_the_proxies_could_not_be_set_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, written: str, read: tuple[str, ...]
) -> None:
    monkeypatch.setenv("FUNNELWATCH_TRUSTED_PROXIES", written)
    assert Settings().trusted_proxies == read


@pytest.mark.parametrize("written", ["caddy", "10.0.0.0/99", '["10.0.0.0/8"]'])
def test_what_is_not_a_network_is_named(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("FUNNELWATCH_TRUSTED_PROXIES", written)
    with pytest.raises(ValueError, match="is not a network such as"):
        Settings()
