"""The read-only user may neither write nor reach files, the network, other people's queries or other databases."""

from __future__ import annotations

import gzip
import re

import httpx
import pytest

from streams.embedded.store.reader_functions import OPEN_FUNCTIONS
from tests.deadlines import within

CANARY = "root:x:0"


@pytest.fixture(scope="module")
def ground(clickhouse):
    """Something to steal and something to break: a readable table, a foreign database, a temporary table of the writer."""
    client = clickhouse.client()
    client.command(
        "CREATE TABLE IF NOT EXISTS funnelwatch.open_to_all (n UInt32) ENGINE = MergeTree ORDER BY n"
    )
    client.command("TRUNCATE TABLE funnelwatch.open_to_all")
    client.command("INSERT INTO funnelwatch.open_to_all VALUES (1), (2)")
    client.command("CREATE DATABASE IF NOT EXISTS hidden")
    client.command(
        "CREATE TABLE IF NOT EXISTS hidden.kept (secret String) ENGINE = MergeTree ORDER BY secret"
    )
    client.command("TRUNCATE TABLE hidden.kept")
    client.command("INSERT INTO hidden.kept VALUES ('root:x:0 of the hidden table')")
    client.command("CREATE OR REPLACE VIEW funnelwatch.leaky AS SELECT * FROM hidden.kept")
    client.command("CREATE OR REPLACE TABLE funnelwatch.inner_raw (n UInt32) ENGINE = MergeTree ORDER BY n")
    client.command("INSERT INTO funnelwatch.inner_raw VALUES (5)")
    client.command(
        "CREATE OR REPLACE VIEW funnelwatch.outer DEFINER = CURRENT_USER SQL SECURITY DEFINER AS SELECT n FROM funnelwatch.inner_raw"
    )
    yield clickhouse
    for statement in (
        "DROP VIEW funnelwatch.outer",
        "DROP TABLE funnelwatch.inner_raw",
        "DROP VIEW funnelwatch.leaky",
        "DROP TABLE funnelwatch.open_to_all",
        "DROP DATABASE hidden",
    ):
        client.command(statement)


def ask(store, sql: str, method: str = "POST", **arguments: str) -> httpx.Response:
    return httpx.request(
        method,
        store.url,
        params=arguments | ({"query": sql} if method == "GET" else {}),
        content=sql if method == "POST" else None,
        auth=(store.reader, store.reader_password),
        timeout=within(30),
    )


HOSTILE = [
    # writing
    "INSERT INTO open_to_all VALUES (3)",
    "INSERT INTO funnelwatch.open_to_all SELECT 3",
    "insert into open_to_all format CSV\n3\n",
    "INSERT INTO FUNCTION file('/tmp/stolen.csv', 'CSV', 'n UInt8') VALUES (1)",
    "INSERT INTO FUNCTION url('http://127.0.0.1:9/', 'CSV', 'n UInt8') VALUES (1)",
    "/* SELECT 1 */ INSERT INTO open_to_all VALUES (3)",
    "-- SELECT 1\nINSERT INTO open_to_all VALUES (3)",
    "#! SELECT 1\nINSERT INTO open_to_all VALUES (3)",
    "WITH 1 AS x INSERT INTO open_to_all SELECT x",
    "SELECT 1; INSERT INTO open_to_all VALUES (3)",
    "SELECT 1; DROP TABLE open_to_all",
    "SELECT ';'; DROP TABLE open_to_all; SELECT 1",
    "SELECT 1 FORMAT JSON; DROP TABLE open_to_all",
    "SELECT 1 FORMAT Null\n;INSERT INTO open_to_all VALUES (3)",
    "CREATE TABLE funnelwatch.mine (n UInt8) ENGINE = Memory",
    "CREATE TABLE funnelwatch.mine ENGINE = File(CSV, '/etc/passwd') AS SELECT 1",
    "CREATE TEMPORARY TABLE mine (n UInt8)",
    "CREATE VIEW funnelwatch.mine AS SELECT 1",
    "CREATE FUNCTION mine AS x -> x",
    "CREATE DICTIONARY funnelwatch.d (n UInt64) PRIMARY KEY n SOURCE(FILE(path '/etc/passwd' format 'CSV')) LAYOUT(FLAT()) LIFETIME(0)",
    "CREATE USER mine",
    "GRANT ALL ON *.* TO default",
    "ALTER TABLE open_to_all DELETE WHERE 1",
    "ALTER TABLE open_to_all ADD COLUMN x UInt8",
    "DELETE FROM open_to_all WHERE 1",
    "UPDATE open_to_all SET n = 9 WHERE 1",
    "TRUNCATE TABLE open_to_all",
    "DROP TABLE open_to_all",
    "DROP DATABASE funnelwatch",
    "DETACH TABLE open_to_all",
    "RENAME TABLE open_to_all TO taken",
    "EXCHANGE TABLES open_to_all AND leaky",
    "OPTIMIZE TABLE open_to_all FINAL",
    "SYSTEM SHUTDOWN",
    "SYSTEM STOP MERGES",
    "SYSTEM FLUSH LOGS",
    "KILL QUERY WHERE 1",
    "BACKUP DATABASE funnelwatch TO File('/tmp/stolen')",
    "RESTORE DATABASE funnelwatch FROM File('/tmp/stolen')",
    # lifting the limits
    "SET readonly = 0",
    "SET ROLE writing",
    "SET ROLE ALL",
    "SET ROLE NONE; SELECT 1",
    "SET max_execution_time = 0",
    "EXECUTE AS default SELECT 1",
    "EXECUTE AS default",
    "SELECT 1 SETTINGS readonly = 0",
    "SELECT 1 SETTINGS readonly = 2, max_execution_time = 100000",
    "SELECT 1 SETTINGS max_memory_usage = 0",
    "SELECT * FROM (SELECT 1 SETTINGS allow_ddl = 1)",
    "USE hidden",
    # files
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM file('/etc/passwd')",
    "SELECT * FROM FILE('/etc/passwd', 'LineAsString')",
    "SELECT * FROM `file`('/etc/passwd', 'LineAsString')",
    "SELECT/**/*/**/FROM/**/file('/etc/passwd','LineAsString')",
    "SELECT file('/etc/passwd')",
    "SELECT File('/etc/passwd')",
    "SELECT `file`('/etc/passwd')",
    "SELECT (SELECT file('/etc/passwd'))",
    "WITH file('/etc/passwd') AS x SELECT x",
    "WITH x AS (SELECT * FROM file('/etc/passwd', 'LineAsString')) SELECT * FROM x",
    "SELECT arrayMap(x -> file(x), ['/etc/passwd'])",
    "SELECT 1 WHERE 'x' IN (SELECT * FROM file('/etc/passwd', 'LineAsString'))",
    "SELECT 1 WHERE 'x' IN file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM open_to_all WHERE n IN (SELECT length(file('/etc/passwd')))",
    "SELECT n, (SELECT count() FROM file('/etc/passwd', 'LineAsString')) FROM open_to_all",
    "SELECT * FROM view(SELECT * FROM file('/etc/passwd', 'LineAsString'))",
    "SELECT * FROM viewExplain('EXPLAIN', '', (SELECT file('/etc/passwd')))",
    "SELECT * FROM eval('SELECT 1')",
    "SELECT * FROM format(CSV, (SELECT file('/etc/passwd')))",
    "SELECT * FROM filesystem('/etc')",
    "SELECT * FROM fileCluster('x', '/etc/passwd', 'LineAsString')",
    # a function that the syntax tree does not name
    "SELECT * APPLY file FROM (SELECT '/etc/passwd' AS a)",
    "SELECT * APPLY(file) FROM (SELECT '/etc/passwd' AS a)",
    "SELECT * APPLY(x -> file(x)) FROM (SELECT '/etc/passwd' AS a)",
    "SELECT t.* EXCEPT('x') APPLY(file) FROM (SELECT '/etc/passwd' AS a) AS t",
    "SELECT COLUMNS('.*') APPLY toString APPLY file FROM (SELECT '/etc/passwd' AS a)",
    "SELECT tuple(* APPLY(file)) FROM (SELECT '/etc/passwd' AS a)",
    "SELECT * FROM view(SELECT * APPLY(file) FROM (SELECT '/etc/passwd' AS a))",
    "SHOW TABLES WHERE file('/etc/passwd') LIKE 'root%'",
    "SHOW TABLES LIMIT length(file('/etc/passwd'))",
    "SHOW FULL TABLES WHERE file('/etc/passwd') LIKE 'root%'",
    "SHOW/**/COLUMNS FROM open_to_all WHERE file('/etc/passwd') LIKE 'root%'",
    "SHOW INDEXES FROM open_to_all WHERE file('/etc/passwd') LIKE 'root%'",
    "SHOW TABLES LIKE 'x' LIMIT (SELECT length(file('/etc/passwd')))",
    "SELECT __getScalar('x')",
    "DESCRIBE TABLE file('/etc/passwd')",
    "DESCRIBE file('/etc/passwd')",
    "EXPLAIN SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "EXPLAIN PIPELINE SELECT file('/etc/passwd')",
    "EXPLAIN ESTIMATE SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT 1 INTO OUTFILE '/tmp/stolen.csv'",
    "SELECT 1 INTO OUTFILE '/tmp/stolen.csv' FORMAT CSV",
    "SELECT 1 INTO/**/OUTFILE '/tmp/stolen.csv' TRUNCATE",
    "SELECT 1 into\noutfile '/tmp/stolen.csv' APPEND FORMAT CSV",
    "INSERT INTO open_to_all FROM INFILE '/etc/passwd' FORMAT CSV",
    "SELECT * FROM sqlite('/tmp/x.db', 'x')",
    "SELECT * FROM executable('id', 'TSV', 'x String')",
    "SELECT * FROM python('ground')",
    "SELECT * FROM Python(reader)",
    "SELECT * FROM deltaLakeLocal('/etc')",
    "SELECT * FROM icebergLocal('/etc')",
    "SELECT catboostEvaluate('/etc/passwd', 1)",
    "SELECT showCertificate()",
    "SELECT addressToLine(1)",
    # the network
    "SELECT * FROM url('http://127.0.0.1:9/', 'LineAsString')",
    "SELECT * FROM urlCluster('x', 'http://127.0.0.1:9/', 'LineAsString')",
    "SELECT * FROM s3('http://127.0.0.1:9/x', 'CSV', 'x String')",
    "SELECT * FROM gcs('http://127.0.0.1:9/x', 'CSV', 'x String')",
    "SELECT * FROM hdfs('hdfs://127.0.0.1:9/x', 'CSV', 'x String')",
    "SELECT * FROM azureBlobStorage('x', 'y', 'z')",
    "SELECT * FROM remote('127.0.0.1', hidden, kept)",
    "SELECT * FROM remoteSecure('127.0.0.1', 'hidden.kept')",
    "SELECT * FROM cluster('default', hidden.kept)",
    "SELECT * FROM clusterAllReplicas('default', hidden, kept)",
    "SELECT * FROM mysql('127.0.0.1:9', 'd', 't', 'u', 'p')",
    "SELECT * FROM postgresql('127.0.0.1:9', 'd', 't', 'u', 'p')",
    "SELECT * FROM mongodb('127.0.0.1:9', 'd', 't', 'u', 'p', 'x String')",
    "SELECT * FROM redis('127.0.0.1:9', 'k', 'k String, v String')",
    "SELECT * FROM jdbc('x', 'y')",
    "SELECT aiGenerate('x', 'y')",
    "SELECT AIEmbed('x', 'y')",
    # what is not the reader's
    "SELECT * FROM hidden.kept",
    "SELECT * FROM `hidden`.`kept`",
    "SELECT * FROM leaky",
    "SELECT * FROM merge('hidden', '.*')",
    "SELECT * FROM merge(REGEXP('hidden|x'), 'kept')",
    "SELECT * FROM loop('hidden', 'kept')",
    "SELECT * FROM mergeTreeIndex('hidden', 'kept')",
    "SELECT joinGet('hidden.kept', 'secret', 1)",
    "SELECT dictGet('hidden.d', 'secret', 1)",
    "SELECT * FROM inner_raw",
    "SELECT * FROM funnelwatch.`inner_raw`",
    "SELECT 1 WHERE 1 IN inner_raw",
    "SELECT * FROM merge('funnelwatch', '.*_raw')",
    "SHOW CREATE TABLE hidden.kept",
    "DESCRIBE TABLE hidden.kept",
    "SELECT * FROM system.processes",
    "SELECT * FROM `system`.`processes`",
    'SELECT * FROM "system"."processes"',
    "SELECT * FROM system.query_log",
    "SELECT * FROM system.users",
    "SELECT * FROM system.server_settings",
    "SELECT 1 WHERE 1 IN system.processes",
    "SELECT (SELECT any(query) FROM system.processes)",
    "SHOW PROCESSLIST",
    "SHOW MERGES",
    "SHOW/**/MERGES",
    "SHOW CLUSTERS",
    "SHOW ACCESS",
    "SHOW USERS",
    "CHECK TABLE hidden.kept",
    "SHOW GRANTS FOR default",
    "SHOW CREATE USER default",
    "SELECT sleep(3)",
    "SELECT sleepEachRow(1) FROM numbers(100)",
]


@pytest.mark.parametrize("sql", HOSTILE)
def test_the_reader_may_not(ground, sql):
    answer = ask(ground, sql)
    assert answer.status_code >= 400, answer.text
    assert int(answer.headers["X-ClickHouse-Exception-Code"]) > 0
    assert CANARY not in answer.text
    assert ask(ground, "SELECT groupArray(n) FROM open_to_all").text == "[1,2]\n"


@pytest.mark.parametrize(
    ("sql", "arguments"),
    [
        ("SELECT * FROM {t:Identifier}", {"param_t": "hidden.kept"}),
        ("SELECT * FROM {d:Identifier}.{t:Identifier}", {"param_d": "system", "param_t": "processes"}),
        ("SELECT * FROM kept", {"database": "hidden"}),
        ("SELECT query FROM processes", {"database": "system"}),
        ("SELECT 1", {"readonly": "0"}),
        ("SELECT 1", {"allow_ddl": "1"}),
        ("SELECT 1", {"max_memory_usage": "0"}),
        ("SELECT 1", {"role": "writing", "additional_table_filters": "{'x':'y'}"}),
        ("SELECT 1", {"format_schema": "/etc/passwd"}),
        ("SELECT 1", {"limit": "1", "allow_introspection_functions": "1"}),
        ("SELECT 1", {"x=1; DROP TABLE open_to_all": "1"}),
        ("SELECT 1", {"output_format_json_quote_64bit_integers": "1', readonly='0"}),
        ("SELECT * FROM open_to_all WHERE n = {x:UInt32}", {"param_x": "1; DROP TABLE open_to_all"}),
        ("INSERT INTO open_to_all VALUES (3)", {"session_id": "a"}),
        ("SELECT 1", {"default_format": "TSV; SELECT file('/etc/passwd')"}),
        ("SELECT 1", {"default_format": "TSV SETTINGS readonly = 0"}),
        ("SELECT 1", {"default_format": "TSV\n; INSERT INTO open_to_all VALUES (3)"}),
        ("SELECT 1", {"database": "funnelwatch`; DROP TABLE open_to_all; --"}),
        ("SELECT {x:String} FROM file({x:String}, 'LineAsString')", {"param_x": "/etc/passwd"}),
        ("SELECT 1 FORMAT {f:Identifier}", {"param_f": "CSV"}),
    ],
)
def test_the_reader_gets_no_further_by_arguments(ground, sql, arguments):
    answer = ask(ground, sql, **arguments)
    assert answer.status_code >= 400, answer.text
    assert CANARY not in answer.text
    assert ask(ground, "SELECT groupArray(n) FROM open_to_all").text == "[1,2]\n"


@pytest.mark.parametrize(
    "parameters",
    [
        {"x_structure": "n UInt8) ENGINE = File(CSV, '/etc/passwd') --"},
        {"x_structure": "n UInt8); DROP TABLE open_to_all; --"},
        {"x_structure": "n UInt8, s String DEFAULT file('/etc/passwd')"},
        {"x_structure": "n UInt8, s String MATERIALIZED file('/etc/passwd')"},
        {"x_structure": "n UInt8, s String /**/ALIAS/**/ file('/etc/passwd')"},
        {"x_types": "UInt8 DEFAULT length(file('/etc/passwd'))"},
        {"x_types": "UInt8) ENGINE = File(CSV, '/etc/passwd'"},
        {"x_structure": "n UInt8', 'none') UNION ALL SELECT file('/etc/passwd') --"},
        {"x_structure": "n UInt8", "x_format": "CSV', 'n UInt8') SELECT file('/etc/passwd') --"},
    ],
)
def test_the_reader_gets_no_further_by_tables_it_brings(ground, parameters):
    answer = httpx.post(
        ground.url,
        params={"query": "SELECT * FROM x", **parameters},
        files={"x": ("x", b"1\n")},
        auth=(ground.reader, ground.reader_password),
        timeout=within(5),
    )
    assert answer.status_code >= 400, answer.text
    assert CANARY not in answer.text
    assert ask(ground, "SELECT groupArray(n) FROM open_to_all").text == "[1,2]\n"


def test_a_get_does_not_get_round_the_limits(ground):
    assert ask(ground, "INSERT INTO open_to_all VALUES (3)", method="GET").status_code == 403
    assert ask(ground, "SELECT file('/etc/passwd')", method="GET").status_code == 403


def test_a_view_of_the_writer_shows_what_lies_behind_it(ground):
    assert ask(ground, "SELECT n FROM outer").text == "5\n"


def test_the_catalog_shows_the_reader_its_own_databases_only(ground):
    assert "hidden" not in ask(ground, "SHOW DATABASES").text
    assert ask(ground, "SELECT count() FROM system.tables WHERE database = 'hidden'").text == "0\n"
    assert ask(ground, "SELECT count() FROM system.columns WHERE database = 'hidden'").text == "0\n"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "SELECT n FROM open_to_all ORDER BY n FORMAT JSONEachRow",
        "SELECT n FROM funnelwatch.open_to_all AS t WHERE n IN (SELECT number FROM numbers(9)) -- a comment",
        "WITH kept AS (SELECT 1 AS x) SELECT x FROM kept",
        "SELECT ';' AS semicolon, 'INTO OUTFILE' AS words, 'file(1)' AS text;",
        "SELECT greatCircleDistance(1, 2, 3, 4), path('http://a/b'), domain('http://a/b'), formatReadableSize(1)",
        "(SELECT 1) UNION ALL (SELECT 2)",
        "SHOW TABLES",
        "SHOW TABLES FROM funnelwatch LIKE 'open%' LIMIT 3",
        "SHOW COLUMNS FROM open_to_all LIKE 'n (%'",
        "SELECT * EXCEPT(b) REPLACE(n + 1 AS n) FROM (SELECT n, 1 AS b FROM open_to_all)",
        "SELECT COLUMNS('n') FROM open_to_all",
        "SELECT 'two\nlines' AS x, n AS `a name` FROM open_to_all -- Function file",
        "SELECT sumIf(n, n > 1), quantileTDigest(0.5)(n), uniqCombined64(n) FROM open_to_all",
        "SELECT n, sum(n) OVER (ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM open_to_all",
        "SELECT n FROM open_to_all ORDER BY n WITH FILL FROM 1 TO 4 LIMIT 2 WITH TIES",
        "SELECT a.n FROM open_to_all AS a LEFT JOIN open_to_all AS b USING (n) ARRAY JOIN [1, 2] AS x",
        "SELECT n::String, CAST(n AS Int8), [n][1], (n, 1).1, if(n = 1, INTERVAL 1 DAY, INTERVAL 2 DAY) FROM open_to_all",
        "SELECT n FROM open_to_all GROUP BY GROUPING SETS ((n), ()) HAVING n > 0 QUALIFY n < 9",
        "DESCRIBE TABLE open_to_all",
        "EXISTS TABLE open_to_all",
        "EXPLAIN SELECT n FROM open_to_all",
        "SHOW CREATE TABLE open_to_all",
        "SELECT name FROM system.functions LIMIT 1",
        "SELECT table_name FROM information_schema.tables",
        "SELECT * FROM generateSeries(1, 3)",
        "SELECT n, windowFunnel(10)(toDateTime(n), n = 1, n = 2) FROM open_to_all GROUP BY n",
    ],
)
def test_what_people_ask_is_answered(ground, sql):
    answer = ask(ground, sql)
    assert answer.status_code == 200, answer.text


def test_the_reader_may_shape_its_result_and_lower_its_limits(ground):
    answer = ask(ground, "SELECT getSetting('max_execution_time')", max_execution_time="5", max_threads="1")
    assert answer.text == "5\n"
    assert ask(ground, "SELECT getSetting('max_execution_time')", max_execution_time="0").text == "60\n"
    assert (
        ask(
            ground, "SELECT toUInt64(1) AS x FORMAT JSONEachRow", output_format_json_quote_64bit_integers="1"
        ).text
        == '{"x":"1"}\n'
    )


def test_the_reader_cannot_fill_the_disk_or_the_memory(ground):
    assert ask(ground, "SELECT 1 --" + "x" * 20_000_000).status_code == 413
    bomb = gzip.compress(b"SELECT 1 --" + b" " * 400_000_000, 1)
    answer = httpx.post(
        ground.url,
        content=bomb,
        headers={"Content-Encoding": "gzip"},
        auth=(ground.reader, ground.reader_password),
        timeout=within(60),
    )
    assert answer.status_code >= 400
    hungry = "SELECT length(groupArray(repeat('x', 10000))) FROM numbers(1000000)"
    assert ask(ground, hungry).headers["X-ClickHouse-Exception-Code"] == "241"


def test_every_function_of_the_engine_is_known_to_be_open_or_forbidden(clickhouse):
    names = clickhouse.client().query("SELECT name FROM system.functions WHERE NOT is_aggregate").result_rows
    unknown = {name.lower() for (name,) in names} - OPEN_FUNCTIONS
    seen = re.compile(
        r"__|ai[a-z]+|dict|addressto|naivebayes|region|sleep|joinget|filesystem|transaction|zookeeper|get(client|macro|server|type)"
        r"|file$|demangle$|evalmlmethod$|globalvariable$|logtrace$|showcertificate$|generateserialid$|currentrequesturl$|hascolumn"
    )
    assert {name for name in unknown if not seen.match(name)} == set()
    assert not [name for name in OPEN_FUNCTIONS if seen.match(name) and name != "airdistance"]


@pytest.mark.parametrize(
    ("sql", "arguments"),
    [
        ("SHOW TABLES", {}),
        ("SELECT name FROM system.tables", {}),
        ("SELECT system.tables.name FROM system.tables", {}),
        ("SELECT t.table FROM system.columns AS t", {}),
        ("SELECT table_name FROM information_schema.tables", {}),
        ("SELECT name FROM system.tables", {"additional_table_filters": "{'system.tables':'1 OR 1'}"}),
        ("SELECT name FROM system.tables SETTINGS additional_table_filters = {'system.tables': '1 -- '}", {}),
    ],
)
def test_no_list_of_tables_shows_those_behind_the_views(ground, sql, arguments):
    answer = ask(ground, sql, **arguments)
    shown = answer.text.split()
    assert answer.status_code == 200, answer.text
    assert ("outer" in shown, "inner_raw" in shown) == (True, False)


def test_a_statement_that_was_found_harmless_vouches_for_none_that_is_not(ground):
    harmless = "SELECT $1$ x $2$ , file('/etc/passwd') , $2$ y $1$"
    assert "x $2$" in ask(ground, harmless).text
    assert ask(ground, "SELECT $1$ x $1$ , file('/etc/passwd') , $1$ y $1$").status_code == 403
    assert [ask(ground, f"SELECT {n} , {n} + 1").text for n in (1, 2, 30)] == ["1\t2\n", "2\t3\n", "30\t31\n"]
    named = "SELECT {t:Identifier} FROM (SELECT 1 AS x, 2 AS y)"
    assert [ask(ground, named, param_t=column).text for column in ("x", "y")] == ["1\n", "2\n"]
    read = "SELECT count() FROM {t:Identifier}"
    assert ask(ground, read, param_t="open_to_all").text == "2\n"
    assert ask(ground, read, param_t="inner_raw").status_code == 403
