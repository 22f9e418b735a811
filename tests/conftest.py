"""Fixtures of all tests: the real broker and the real store live in plugins of their own."""

pytest_plugins = [
    "tests.fixtures.clickhouse",
    "tests.fixtures.kafka",
    "tests.fixtures.landing",
    "tests.fixtures.page",
    "tests.fixtures.acting_page",
]
