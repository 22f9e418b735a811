"""Who may do what: the engine's users file with its roles, and the check of what a reader sends.

Three checks follow one another for the reader. Its statement is parsed by the engine, which must call it one statement
that only reads; its syntax tree may name no function or table outside the lists here; and it runs under a role that is granted
the funnelwatch databases alone, in a connection made ``readonly`` for good. The engine has no log-in of its own here, so
passwords are compared by the server.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from threading import Lock
from typing import Any, Final

from streams.embedded.store.errors import ACCESS_DENIED, READONLY, SYNTAX_ERROR, StoreError, from_engine
from streams.embedded.store.reader_functions import OPEN_FUNCTIONS
from streams.embedded.store.reader_settings import UNTOUCHABLE
from streams.embedded.store.settings_clause import filters_by_table, is_closed
from streams.embedded.store.statement import tokens

READER_ROLE: Final = "reading"
WRITER_ROLE: Final = "writing"

_CONSTANT: Final = "".join(f"<{name}><const/></{name}>" for name in UNTOUCHABLE)
USERS_XML: Final = f"""<clickhouse>
  <profiles><default><constraints>{_CONSTANT}</constraints></default></profiles>
  <quotas><default/></quotas>
  <roles>
    <{WRITER_ROLE}><grants><query>GRANT ALL ON *.*</query></grants></{WRITER_ROLE}>
    <{READER_ROLE}><grants><query>GRANT SELECT ON funnelwatch*.*</query></grants></{READER_ROLE}>
  </roles>
  <users>
    <default>
      <password></password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>
      <grants><query>GRANT {WRITER_ROLE}</query><query>GRANT {READER_ROLE}</query></grants>
    </default>
  </users>
</clickhouse>
"""

_HARMLESS_TABLE_FUNCTIONS: Final = frozenset(
    [
        "format",
        "generaterandom",
        "generateseries",
        "generate_series",
        "null",
        "numbers",
        "numbers_mt",
        "primes",
        "sqlstandardvalues",
        "values",
        "view",
        "zeros",
        "zeros_mt",
    ]
)
_OPEN_SYSTEM_TABLES: Final = frozenset(
    [
        "aggregate_function_combinators",
        "build_options",
        "collations",
        "columns",
        "contributors",
        "data_type_families",
        "databases",
        "formats",
        "functions",
        "keywords",
        "licenses",
        "numbers",
        "numbers_mt",
        "one",
        "settings",
        "table_engines",
        "table_functions",
        "tables",
        "time_zones",
        "zeros",
        "zeros_mt",
    ]
)
#: statements that were found harmless and are not looked at again: a dashboard asks the same ones every half minute, of other times
_REMEMBERED: Final = 1000
#: a number between blanks, signs and brackets; never a part of a name or of a heredoc's mark
_NUMBER: Final = re.compile(r"(?<=[ (,=<>+\-*/])\d+(?=[ ),])")
#: how the names of functions begin that the engine's own rewriting uses
_INTERNAL: Final = "__"
#: what people write for a part of a statement that is rejected
_SAID: Final = {"ColumnsApplyTransformer": "APPLY: call the function for each column"}
_SHOWING_TREE: Final = "EXPLAIN AST "
_INNER_TABLE: Final = "_raw"  # so end the names of the tables behind the views, in deploy/clickhouse
_OPEN_DATABASE: Final = re.compile(r"(funnelwatch\w*|default)\Z")
_NODE: Final = re.compile(r" *([A-Za-z]\w*(?:::\w+)?) ?(\S*)")
#: parts of a statement whose own text the syntax tree shows whole: what it shows in part only is rejected, such as APPLY, whose
#: function it does not name
_NODES_TEXT: Final = """
    ArrayJoin Asterisk ColumnsExceptTransformer ColumnsListMatcher ColumnsRegexpMatcher ColumnsReplaceTransformer
    ColumnsReplaceTransformer::Replacement ColumnsTransformerList DataType ExpressionList Function Identifier
    InterpolateElement Literal NameTypePair OrderByElement QualifiedAsterisk QualifiedColumnsListMatcher
    QualifiedColumnsRegexpMatcher QueryParameter SampleRatio SelectIntersectExceptQuery SelectQuery SelectWithUnionQuery
    Subquery TableExpression TableIdentifier TableJoin TablesInSelectQuery TablesInSelectQueryElement WindowDefinition
    WindowListElement WithElement
"""
_OPEN_NODES: Final = frozenset(_NODES_TEXT.split())
_OPEN_STATEMENT: Final = re.compile(
    r"(SelectWithUnion|SelectIntersectExcept|Describe|Exists|ShowCreateTable|ShowCreateDatabase|ShowCreateView|ShowEngine)\w*Query\b"
    r"|Exists|Explain |ShowTables|ShowColumns|ShowIndexes|ShowFunctions|ShowSetting\b"
)
_SHOWN: Final = frozenset(
    [
        "COLUMNS",
        "CREATE",
        "DATABASES",
        "ENGINES",
        "EXTENDED",
        "FULL",
        "FUNCTIONS",
        "INDEX",
        "INDEXES",
        "KEYS",
        "SETTING",
        "SETTINGS",
        "TABLES",
    ]
)


class ReaderAccess:
    """The check of a reader's statements.

    It knows the engine's own functions, table functions among them, so one that is not on a list here is rejected.
    """

    def __init__(self, table_functions: list[str], functions: list[str]) -> None:
        self._forbidden = ({name.lower() for name in functions} - OPEN_FUNCTIONS) | (
            {name.lower() for name in table_functions} - _HARMLESS_TABLE_FUNCTIONS
        )
        self._harmless: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def check_database(self, database: str) -> None:
        """Reject a database that is not the reader's."""
        if not _OPEN_DATABASE.match(database):
            raise StoreError(
                ACCESS_DENIED, "ACCESS_DENIED", f"The read-only user has no access to database {database}"
            )

    def check_filters(self, connection: Any, value: str) -> None:
        """Reject ``additional_table_filters`` that could say more than a statement of the reader's may.

        Raises:
            StoreError: with the reason.
        """
        for table, condition in filters_by_table(value).items():
            self._check_node("TableIdentifier", table)
            if not is_closed(condition):  # what is put around it would end before its end
                raise StoreError(SYNTAX_ERROR, "SYNTAX_ERROR", f"Unmatched bracket in {condition[:100]!r}")
            self.check(connection, f"SELECT 1 WHERE ({condition}\n)", {})

    def check(self, connection: Any, sql: str, params: dict[str, str]) -> None:
        """Reject ``sql`` unless it is one statement that reads what a reader may see.

        Raises:
            StoreError: with the reason.
        """
        verdict = connection._conn.classify_query(
            sql
        )  # the parser itself: comments and quotes cannot hide anything from it
        if verdict["statement_count"] > 1:
            raise StoreError(SYNTAX_ERROR, "SYNTAX_ERROR", "Multi-statements are not allowed")
        if verdict["statement_count"] == 1 and verdict["query_class"].name != "READ_ONLY":
            raise StoreError(
                READONLY,
                "READONLY",
                "The read-only user may only read: Cannot execute query in readonly mode",
            )
        # no number decides anything below; parameters and heredocs do
        shape = "" if params or "$" in sql else _NUMBER.sub("0", sql)
        if shape and self._is_harmless(shape):
            return
        try:
            tree = (
                connection.query(f"{_SHOWING_TREE}{sql}", "TSVRaw", params=params)
                .bytes()
                .decode("utf-8", "replace")
            )
        except Exception as error:
            raise from_engine(str(error), added=len(_SHOWING_TREE)) from error
        lines = [line for line in tree.split("\n") if line]
        shown = [*(token.text for token in tokens(sql.encode(), most=2)), "", ""]
        if not _OPEN_STATEMENT.match(lines[0]) or (shown[0] == "SHOW" and shown[1] not in _SHOWN):
            raise StoreError(
                ACCESS_DENIED,
                "ACCESS_DENIED",
                f"The read-only user may not ask for {' '.join(shown).strip()}",
            )
        if shown[0] == "SHOW":
            _check_show(sql)
        for line in lines:
            node = _NODE.match(line)
            self._check_node(node[1] if node else line[:40], node[2] if node else "")
        if shape:
            self._remember(shape)

    def _is_harmless(self, shape: str) -> bool:
        with self._lock:
            if shape not in self._harmless:
                return False
            self._harmless.move_to_end(shape)
            return True

    def _remember(self, shape: str) -> None:
        with self._lock:
            self._harmless[shape] = None
            if len(self._harmless) > _REMEMBERED:
                self._harmless.popitem(last=False)

    def _check_node(self, kind: str, name: str) -> None:
        if kind == "Set":
            raise StoreError(
                READONLY,
                "READONLY",
                "Cannot modify settings in readonly mode: the read-only user's queries take one SETTINGS clause, at their end",
            )
        if kind not in _OPEN_NODES:
            if _OPEN_STATEMENT.match(f"{kind} {name}"):
                return
            raise StoreError(
                ACCESS_DENIED,
                "ACCESS_DENIED",
                f"The read-only user may not use {_SAID.get(kind, kind)}",
            )
        if kind == "Function":
            lowered = name.lower()
            if lowered in self._forbidden or lowered.startswith(_INTERNAL):
                raise StoreError(
                    ACCESS_DENIED, "ACCESS_DENIED", f"The read-only user may not use the function {name}"
                )
            return
        if kind not in ("TableIdentifier", "Identifier"):
            return
        parts = name.replace("`", "").split(".")
        database, table = (parts[0].lower(), parts[1].lower()) if len(parts) > 1 else ("", parts[0].lower())
        # a name of three parts is a column's; what it is taken from has a node of its own
        if parts[-1].lower().endswith(_INNER_TABLE) or table.endswith(_INNER_TABLE):
            raise StoreError(
                ACCESS_DENIED,
                "ACCESS_DENIED",
                f"The read-only user reads the views, which are right as they are, not {name}",
            )
        if database == "system" and table not in _OPEN_SYSTEM_TABLES:
            raise StoreError(ACCESS_DENIED, "ACCESS_DENIED", f"The read-only user may not read {name}")


def _check_show(sql: str) -> None:
    """Reject a SHOW with an expression: its syntax tree shows none of them."""
    if any(token.text in ("(", "WHERE") and token.kind != "string" for token in tokens(sql.encode())):
        raise StoreError(
            ACCESS_DENIED,
            "ACCESS_DENIED",
            "The read-only user's SHOW takes names and LIKE only; the tables of information_schema take conditions",
        )
