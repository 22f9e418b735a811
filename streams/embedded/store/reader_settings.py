"""Which of the engine's settings a reader may change, and how far: a list of names, since a new engine brings new settings.

A setting is on the list if all it can do is shape the reader's own result or make its query smaller. Whatever names a file, a
folder, an address, a schema or a script, loosens a limit or switches something on is not, and what is not on it is rejected.
``UNTOUCHABLE`` are those that reach outside the engine: nobody may change them, the engine itself sees to that.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from streams.embedded.store.errors import BAD_ARGUMENTS, READONLY, StoreError
from streams.embedded.store.settings_clause import filters_by_table, quoted

#: the engine refuses to change these, whoever asks: they are paths, addresses, schemas and scripts
UNTOUCHABLE: Final = (
    "format_avro_schema_registry_url",
    "format_schema",
    "format_schema_message_name",
    "format_template_resultset",
    "format_template_row",
    "input_format_record_errors_file_path",
    "output_format_schema",
    "rename_files_after_processing",
    "s3queue_default_zookeeper_path",
    "url_base",
)

#: longer statements of a reader are rejected: ClickHouse's own default, and reading one takes processor time that others miss
MAX_STATEMENT_BYTES: Final = 262_144
#: only ever lowered
_LOWERED: Final = frozenset(["max_execution_time", "max_threads"])
_OPEN: Final = frozenset(
    [
        "add_http_cors_header",
        "additional_table_filters",
        "count_distinct_implementation",
        "date_time_output_format",
        "extremes",
        "final",
        "group_by_use_nulls",
        "join_use_nulls",
        "limit",
        "log_comment",
        "max_block_size",
        "max_result_bytes",
        "max_result_rows",
        "max_rows_to_read",
        "offset",
        "output_format_arrow_compression_method",
        "output_format_arrow_fixed_string_as_fixed_byte_array",
        "output_format_arrow_low_cardinality_as_dictionary",
        "output_format_arrow_string_as_string",
        "output_format_binary_encode_types_in_binary_format",
        "output_format_binary_write_json_as_string",
        "output_format_csv_crlf_end_of_line",
        "output_format_csv_serialize_tuple_into_separate_columns",
        "output_format_decimal_trailing_zeros",
        "output_format_json_array_of_rows",
        "output_format_json_escape_forward_slashes",
        "output_format_json_map_as_array_of_tuples",
        "output_format_json_named_tuples_as_objects",
        "output_format_json_pretty_print",
        "output_format_json_quote_64bit_floats",
        "output_format_json_quote_64bit_integers",
        "output_format_json_quote_decimals",
        "output_format_json_quote_denormals",
        "output_format_json_skip_null_value_in_named_tuples",
        "output_format_json_validate_utf8",
        "output_format_markdown_escape_special_characters",
        "output_format_native_encode_types_in_binary_format",
        "output_format_native_use_flattened_dynamic_and_json_serialization",
        "output_format_native_write_json_as_string",
        "output_format_parquet_compression_method",
        "output_format_parquet_string_as_string",
        "output_format_pretty_color",
        "output_format_pretty_display_footer_column_names",
        "output_format_pretty_grid_charset",
        "output_format_pretty_highlight_digit_groups",
        "output_format_pretty_max_rows",
        "output_format_pretty_row_numbers",
        "output_format_tsv_crlf_end_of_line",
        "output_format_values_escape_quote_with_quote",
        "output_format_write_statistics",
        "prefer_column_name_to_alias",
        "result_overflow_mode",
        "session_timezone",
        "timeout_overflow_mode",
        "totals_mode",
    ]
)
#: for the server, which shares answers (``sharing.py``), not for the engine
SHARING_SETTINGS: Final = frozenset(
    [
        "query_cache_nondeterministic_function_handling",
        "query_cache_system_table_handling",
        "query_cache_ttl",
        "use_query_cache",
    ]
)
OPEN_SETTINGS: Final = _OPEN | _LOWERED | SHARING_SETTINGS
#: tables behind the views are rejected, so no list of tables shows them: a client that looks around would ask for them
_SHOWN_ROWS: Final = {
    "system.tables": "NOT endsWith(name, '_raw')",
    "system.columns": "NOT endsWith(table, '_raw')",
}
#: to the server, not to the engine
_NOT_THE_ENGINES: Final = frozenset(["add_http_cors_header"]) | SHARING_SETTINGS
_ZONE: Final = re.compile(
    r"(?:[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+){0,3})?\Z"
)  # a name of the tz database, never a path


def check_setting(name: str, value: str) -> None:
    """Reject a setting that is not on the list, or a value that would reach outside.

    Raises:
        StoreError: it is rejected.
    """
    if name not in OPEN_SETTINGS:
        raise StoreError(READONLY, "READONLY", f"Cannot modify '{name}' setting in readonly mode")
    if name == "session_timezone" and not _ZONE.match(value):
        raise StoreError(BAD_ARGUMENTS, "BAD_ARGUMENTS", f"{value!r} is not the name of a time zone")


def lowered(value: str | None, most: float) -> str:
    """``value`` where it is a number below ``most``, else ``most``."""
    try:
        number = float(value or 0)
    except ValueError:
        number = 0.0
    return f"{min(number, most) if number > 0 else most:g}"


def reader_settings(
    asked: dict[str, str],
    *,
    memory_bytes: int,
    query_s: float,
    check_filters: Callable[[str], None],
    shown: Mapping[str, str] = MappingProxyType({}),
    database: str = "",
) -> dict[str, str]:
    """What the engine is given for a reader who ``asked`` for settings: the harmless ones, and the limits.

    ``shown`` says what rows have to fulfil, by ``database.table``; ``database`` is that of names without one.

    Raises:
        StoreError: one of them is rejected.
    """
    for name, value in asked.items():
        check_setting(name, value)
    if filters := asked.get("additional_table_filters"):
        check_filters(filters)
    settings = {name: value for name, value in asked.items() if name not in _NOT_THE_ENGINES}
    settings["additional_table_filters"] = _with_shown_rows(
        asked.get("additional_table_filters", ""), shown, database
    )
    settings["max_execution_time"] = lowered(asked.get("max_execution_time"), query_s)
    settings["max_threads"] = lowered(asked.get("max_threads"), os.cpu_count() or 1)
    return settings | {
        "max_memory_usage": str(memory_bytes),
        "max_query_size": str(MAX_STATEMENT_BYTES),
        "allow_introspection_functions": "0",
        "allow_ddl": "0",
    }


def _with_shown_rows(filters: str, shown: Mapping[str, str], database: str) -> str:
    """The reader's own ``additional_table_filters``, and those that hide the tables behind the views, and rows of other stores.

    Of two conditions for one table, by its full name and by its short one, the engine takes the first: so there is only one.
    """
    conditions = {**_SHOWN_ROWS, **shown}
    for table, own in (filters_by_table(filters) if filters else {}).items():
        plain = table.replace("`", "")
        full = plain if "." in plain else f"{database}.{plain}"
        place = full if full in conditions else table
        conditions[place] = f"{conditions[place]} AND ({own}\n)" if place in conditions else own
    return "{" + ", ".join(f"{quoted(table)}: {quoted(how)}" for table, how in conditions.items()) + "}"
