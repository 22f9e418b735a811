"""What the embedded store makes of a request before the engine sees it: statements, settings, tables, compressed blocks."""

from __future__ import annotations

import struct
from collections.abc import Hashable

import cramjam
from hypothesis import strategies as st

from streams.embedded.store.blocks import BlockReader, checksum, pack
from streams.embedded.store.errors import StoreError
from streams.embedded.store.protocol import external_tables, params_of, revision_of, settings_of
from streams.embedded.store.settings_clause import filters_by_table, split_settings
from streams.embedded.store.statement import first_word, parse, tokens
from tests.fuzz.pieces import body_of
from tests.fuzz.running import BYTE_S, HOLD_S, Figures, cost_s, mutate, search

STATEMENTS = (
    b"SELECT count() FROM events WHERE store_id = 'a' AND x IN (1, 2) FORMAT JSONEachRow SETTINGS max_threads = 1, a = [1, 2]",
    b"INSERT INTO t (a, b) SETTINGS async_insert = 1 FORMAT TSV\n1\t2\n3\t4\n",
    b"INSERT INTO t VALUES (1, 'x'), (2, 'it''s')",
    b"INSERT INTO t SELECT * FROM input('a UInt8, b String') FORMAT CSV\n1,2\n",
    b"/* a */ WITH 1 AS x SELECT `q`, \"w\", $$heredoc$$, $tag$ a $tag$ -- end\n FROM numbers(10)",
    b"SET a = 1; SELECT {x:Array(String)}",
)  # fmt: skip
LONG = st.lists(
    st.tuples(
        st.sampled_from([b",1", b"(", b")", b"'", b"\\'", b"`", b"/*", b"*/", b"--\n", b"$$", b"$a$", b" ", b"a ", b"1.", b"\xff", b";"]),
        st.integers(1, 30_000),
    ),
    min_size=1,
    max_size=6,
)  # fmt: skip


def words(text: bytes) -> list[str]:
    return [token.text for token in tokens(text)]


def look_at_statement(sql: bytes, figures: Figures) -> Hashable:
    answers: list[Hashable] = []

    def work() -> None:
        try:
            statement = parse(sql)
        except UnicodeDecodeError:
            answers.append("not UTF-8")
            return
        head, settings = split_settings(statement.head)
        answers.append(
            (statement.kind, statement.format, statement.several, statement.data is None, tuple(settings))
        )
        if first_word(sql) != "INSERT":
            again = [*words(statement.head.encode())]
            if statement.format is not None:
                again += ["FORMAT", statement.format.upper(), *words(statement.tail.encode())]
            assert [word for word in words(sql) if word != ";"] == [word for word in again if word != ";"]
        assert statement.head.startswith(head)

    figures.judge(cost_s(work), HOLD_S + 3 * BYTE_S * len(sql))
    return answers[0]


def test_a_statement_is_cut_so_that_nothing_of_it_is_lost() -> None:
    mutate("statements", STATEMENTS, look_at_statement, 0.5)
    search(
        "statements", LONG.map(lambda pieces: b"SELECT " + body_of(pieces, 200_000)), look_at_statement, 0.5
    )


def test_every_argument_is_accepted_or_rejected_with_a_code() -> None:
    seeds = (
        b"max_threads=1&param_x=2&client_protocol_version=54460",
        b"t_structure=a UInt8, b Array(String)&t_format=CSV&t_types=",
        b"t_types=UInt8,Array(Tuple(a String, b Enum8('x' = 1)))",
        b"additional_table_filters={'events': 'store_id = 1', 'funnelwatch.orders': '1'}",
        b"compress=1&decompress=1&session_id=a&session_timeout=5&query_id=x",
    )

    def look(text: bytes, figures: Figures) -> Hashable:
        pairs = [part.partition("=") for part in text.decode("utf-8", "surrogateescape").split("&")]
        arguments = {name: value for name, _, value in pairs}
        said: list[Hashable] = []
        for read in (
            settings_of,
            params_of,
            revision_of,
            lambda given: external_tables({"t": b"1"}, dict(given)),
            lambda given: filters_by_table(given.get("additional_table_filters", "")),
        ):
            try:
                figures.judge(cost_s(lambda read=read: read(arguments)), HOLD_S)  # type: ignore[misc]
                said.append("taken")
            except StoreError as error:
                said.append((error.code, error.name))
        return tuple(said)

    mutate("arguments", seeds, look)


def test_a_block_is_unpacked_or_rejected_with_a_code() -> None:
    content = b"1\trow\n" * 400

    def made(method: int, packed: bytes, size: int) -> bytes:
        body = struct.pack("<BII", method, 9 + len(packed), size) + packed
        return checksum(body) + body

    seeds = (
        pack(content),
        pack(content[:40]) * 3,
        made(0x02, content[:50], 50),
        made(0x90, bytes(cramjam.zstd.compress(content)), len(content)),
    )

    def look(data: bytes, figures: Figures) -> Hashable:
        # with the checksum that fits, else nothing behind it is ever reached
        repaired = checksum(data[16:]) + data[16:] if len(data) > 25 else data
        said: list[Hashable] = []
        for one in (data, repaired):
            reader, done = BlockReader(1 << 20), b""

            def read(one: bytes = one, reader: BlockReader = reader) -> None:
                nonlocal done
                done = reader.feed(one)
                reader.finish()

            try:
                figures.judge(cost_s(read), HOLD_S)
                said.append("taken")
            except StoreError as error:
                said.append(error.code)
            assert len(done) <= 1 << 20
        return tuple(said)

    mutate("blocks", seeds, look)
