"""The signs between the fields of a line, and the line by which a file names its own."""

from __future__ import annotations

DELIMITERS = (",", ";", "\t", "|")


def delimiter_line(line: str) -> str:
    """The sign that a file's first line names, as Excel writes it (``sep=;``); empty if it is a line like the others."""
    content = line.rstrip("\r\n").strip('"')
    return content[4] if len(content) == 5 and content.lower().startswith("sep=") else ""
