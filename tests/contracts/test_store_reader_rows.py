"""Who signs in with a token for a group of stores reads the rows of these stores alone, however it is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from streams.cli.main import app
from streams.clickhouse.store_policies import SqlReader, policy_statements
from streams.clock import now_ms
from streams.instance.page_tokens import Scope, TokenBook, new_token
from streams.settings import load_settings
from tests.deadlines import within
from tests.fixtures.clickhouse import OwnStore, start_store

CONFIG = """\
stores:
  - {id: eu-1, platform: own_site}
  - {id: eu-2, platform: own_site}
  - {id: us-1, platform: own_site}
groups:
  - {name: eu, stores: ['eu-*']}
"""
Ask = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnStore]:
    """A store with one view of each kind, of three stores; its configuration is next to its data."""
    folder = tmp_path_factory.mktemp("store")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("FUNNELWATCH_CONFIG", str(folder / "funnelwatch.yaml"))
        store = start_store(folder / "data")
        _fill(store)
        yield store
        store.stop()


def _fill(store: OwnStore) -> None:
    client = store.client()
    client.command(
        "CREATE TABLE sales_raw (store_id LowCardinality(String), n UInt32) ENGINE = MergeTree ORDER BY n"
    )
    client.command("INSERT INTO sales_raw VALUES ('eu-1', 1), ('eu-2', 2), ('us-1', 4)")
    for name, query in (
        ("sales", "SELECT * FROM sales_raw"),
        ("sums", "SELECT store_id, sum(n) AS n FROM sales GROUP BY store_id"),
        ("whole", "SELECT sum(n) AS n FROM sales"),
    ):
        client.command(f"CREATE VIEW {name} DEFINER = CURRENT_USER SQL SECURITY DEFINER AS {query}")


@pytest.fixture
def config(served: OwnStore) -> Path:
    """The file of the configuration, as it was at first."""
    file = served.data.parent / "funnelwatch.yaml"
    file.write_text(CONFIG)
    return file


@pytest.fixture
def store(served: OwnStore, config: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OwnStore]:
    """The store without a token."""
    monkeypatch.setenv("FUNNELWATCH_CONFIG", str(config))
    yield served
    book = TokenBook(load_settings(data=served.data))
    for token in book.all():
        book.end(token.name)


@pytest.fixture
def given(store: OwnStore) -> Callable[[str], Ask]:
    """Ask with a token made for a group of that name; empty: for all stores."""

    def token(group: str, ends_ms: int | None = None) -> Ask:
        text, kept = new_token(f"of-{group or 'all'}", Scope.READ, ends_ms or now_ms() + 3_600_000, group)
        TokenBook(load_settings(data=store.data)).add(kept)

        def ask(sql: str, user: str = kept.name, **arguments: str) -> httpx.Response:
            params = {"database": "funnelwatch", **arguments}
            return httpx.post(store.url, params=params, content=sql, auth=(user, text), timeout=within(30))

        return ask

    return token


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        ("SELECT sum(n) FROM sales", "3"),
        ("SELECT sum(n) FROM funnelwatch.sales AS s", "3"),
        ("SELECT sum(n) FROM sums", "3"),
        ("SELECT count() FROM whole", "0"),
        ("SELECT sum(x.n) FROM sales AS x JOIN sums AS y USING store_id", "3"),
        ("WITH a AS (SELECT * FROM sales) SELECT (SELECT sum(n) FROM a) + (SELECT max(n) FROM sums)", "5"),
        ("SELECT count() FROM numbers(1) WHERE 'us-1' IN (SELECT store_id FROM sums)", "0"),
        ("SELECT sum(n) FROM view(SELECT * FROM sales)", "3"),
        ("SELECT sum(n) FROM (SELECT n FROM sales UNION ALL SELECT n FROM sales)", "6"),
        ("SELECT sum(n) FROM sales SETTINGS additional_table_filters = {'sales': '1'}", "3"),
        (
            "SELECT sum(n) FROM sales SETTINGS additional_table_filters = {'funnelwatch.sales': 'n > 1 OR 1'}",
            "3",
        ),
        (
            "SELECT sum(n) FROM sales SETTINGS additional_table_filters = {'`funnelwatch`.`sales`': 'n > 1'}",
            "2",
        ),
        ("SELECT sum(n) FROM sales SETTINGS additional_table_filters = {'sales': 'n > 1'}", "2"),
    ],
)
def test_a_token_for_a_group_read_the_rows_of_every_store(given, sql: str, wanted: str) -> None:
    answer = given("eu")(sql)
    assert (answer.status_code, answer.text.strip()) == (200, wanted)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT sum(n) FROM sales_raw",
        "SELECT sum(n) FROM merge('funnelwatch', 'sales')",
        "SELECT sum(n) FROM sales SETTINGS additional_table_filters = {'sales': '1) OR (1'}",
        "SELECT sum(n) FROM sales SETTINGS additional_table_filters = {'sales': '1) OR (\\'(\\' = \\'(\\''}",
        "INSERT INTO sales_raw VALUES ('us-1', 8)",
    ],
)
def test_a_way_round_the_condition_is_rejected(given, sql: str) -> None:
    assert given("eu")(sql).status_code >= 400


def test_a_token_for_all_stores_reads_them_all_and_none_after_its_end(given, store: OwnStore) -> None:
    assert given("")("SELECT sum(n) FROM sales").text == "7\n"
    assert given("eu", ends_ms=1)("SELECT 1").status_code == 403


def test_a_token_opens_nothing_under_another_name(given, store: OwnStore) -> None:
    ask = given("")
    others = (store.user, store.reader, "of-eu")
    assert [ask("SELECT 1", user=name).status_code for name in others] == [403, 403, 403]


def test_a_group_that_was_taken_out_of_the_configuration_shows_nothing(given, config: Path) -> None:
    ask = given("eu")
    assert ask("SELECT sum(n) FROM sales").text == "3\n"
    config.write_text(CONFIG.replace("eu-*", "eu-2"))
    assert ask("SELECT sum(n) FROM sales").text == "2\n"
    config.write_text(CONFIG.partition("groups:")[0])
    assert ask("SELECT count() FROM sales").text == "0\n"
    config.write_text("stores: 5\n")
    assert ask("SELECT count() FROM sales").status_code == 403


def test_two_readers_shared_an_answer_of_different_rows(given) -> None:
    shared = {"use_query_cache": "1", "query_cache_ttl": "60"}
    answers = [given(group)("SELECT sum(n) FROM sales", **shared).text for group in ("", "eu")]
    assert answers == ["7\n", "3\n"]


def test_the_policies_for_a_server_are_statements_that_the_engine_reads(store: OwnStore) -> None:
    readers = [
        SqlReader("of-eu", "ab" * 32, now_ms(), frozenset({"eu-1", "o'brien"})),
        SqlReader("of-none", "cd" * 32, now_ms(), frozenset()),
        SqlReader("of-all", "ef" * 32, now_ms(), None),
    ]
    statements = policy_statements("funnelwatch", {"sales": True, "whole": False}, readers)
    client = store.client()
    for statement in statements:
        client.command(f"EXPLAIN AST {statement}")
    granted = [statement for statement in statements if statement.startswith("GRANT")]
    assert granted == [
        "GRANT SELECT ON `funnelwatch`.`sales` TO `of-eu`",
        "GRANT SELECT ON `funnelwatch`.`sales` TO `of-none`",
        "GRANT SELECT ON `funnelwatch`.`sales` TO `of-all`",
        "GRANT SELECT ON `funnelwatch`.`whole` TO `of-all`",
    ]
    policies = [statement.partition(" USING ")[2] for statement in statements if " USING " in statement]
    assert policies == [
        "store_id IN ('eu-1', 'o\\'brien') TO `of-eu`",
        "0 TO `of-none`",
        "1 TO ALL EXCEPT `of-eu`, `of-none`",
    ]


def test_the_command_prints_the_policies_of_the_tokens_there_are(
    given, store: OwnStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    given("eu")
    monkeypatch.setenv("FUNNELWATCH_CLICKHOUSE_URL", store.url)
    monkeypatch.setenv("FUNNELWATCH_CLICKHOUSE_READER_PASSWORD", store.reader_password)
    result = CliRunner().invoke(app, ["tokens", "policies", "--data", str(store.data)])
    assert result.exit_code == 0, result.output
    lines = [line for line in result.output.splitlines() if " POLICY " in line]
    assert [line.partition(" ON ")[2] for line in lines] == [
        "`funnelwatch`.`sales` USING store_id IN ('eu-1', 'eu-2') TO `of-eu`;",
        "`funnelwatch`.`sales` USING 1 TO ALL EXCEPT `of-eu`;",
        "`funnelwatch`.`sums` USING store_id IN ('eu-1', 'eu-2') TO `of-eu`;",
        "`funnelwatch`.`sums` USING 1 TO ALL EXCEPT `of-eu`;",
    ]
