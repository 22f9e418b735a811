"""Fixtures of all tests: the real broker and the real store live in plugins of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.deadlines import within

pytest_plugins = [
    "tests.fixtures.clickhouse",
    "tests.fixtures.kafka",
    "tests.fixtures.landing",
    "tests.fixtures.page",
    "tests.fixtures.acting_page",
]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Give the test as long as pyproject.toml or its marker says, times what the machine is slower now."""
    marker = item.get_closest_marker("timeout")
    quiet_s = float(marker.args[0] if marker else item.config.getini("timeout"))
    item.add_marker(pytest.mark.timeout(within(quiet_s)), append=False)
    return (yield)
