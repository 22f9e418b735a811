"""How the pages of an answer follow each other: by number, by offset, by a cursor, by the header ``Link`` (RFC 8288)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from scoring.sources.json_paths import json_path
from scoring.sources.json_values import answer_of, is_given, text_of
from streams.sources.json_api.config import PagingConfig

_NEXT = re.compile(r'<([^<>]*)>\s*;[^,<]*\brel="?next"?', re.IGNORECASE)


def page_query(paging: PagingConfig, mark: str) -> list[tuple[str, str]]:
    """The query parameters that ask for the page at ``mark``; the first page if it is empty."""
    query = [(paging.size_parameter, str(paging.size))] if paging.size_parameter else []
    if paging.kind == "page":
        query.append((paging.parameter, mark or str(paging.first)))
    elif paging.kind == "offset":
        query.append((paging.parameter, mark or "0"))
    elif paging.kind == "cursor" and mark:
        query.append((paging.parameter, mark))
    return query


def next_mark(paging: PagingConfig, mark: str, document: Any, headers: Mapping[str, str], count: int) -> str:
    """The mark of the page after one with ``count`` rows; empty if it was the last.

    A page that is not full is the last one only where the answer has no better way to say it.
    """
    if paging.kind == "none":
        return ""
    if paging.kind == "link":
        found = _NEXT.search(headers.get("Link", ""))
        return found.group(1) if found else ""
    more = answer_of(json_path(paging.more).of(document), "more") if paging.more else None
    if paging.kind == "cursor":
        value = json_path(paging.next or "$").of(document)
        return text_of(value, "next") if is_given(value) and more is not False else ""
    step = 1 if paging.kind == "page" else count
    at = int(mark) if mark else (paging.first if paging.kind == "page" else 0)
    goes_on = count >= paging.size if more is None else more
    return str(at + step) if goes_on and count else ""
