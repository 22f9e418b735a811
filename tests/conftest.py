"""Fixtures of all tests: the real broker and the real store live in plugins of their own."""

pytest_plugins = [
    "tests.fixtures_clickhouse",
    "tests.fixtures_kafka",
    "tests.fixtures_landing",
    "tests.fixtures_page",
    "tests.acting_page",
]
