"""Ports that are chosen together differ."""

from __future__ import annotations

from streams.embedded.ports import free_ports


def test_one_free_port_was_given_to_two_servers() -> None:
    assert len(set(free_ports(300))) == 300
