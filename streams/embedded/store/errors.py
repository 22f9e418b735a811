"""The engine's exceptions as ClickHouse reports them over HTTP: a code, a status and a text."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from streams.errors import RejectedError

_CODE = re.compile(r"\ACode: (\d+)\. DB::Exception: ")
#: what the store puts into a statement, and where it keeps a request's body: nothing that the client wrote or could use
_PIPE = re.compile(r"\s?INTO OUTFILE '/dev/fd/\d+' TRUNCATE COMPRESSION '\w+' FORMAT \w+ ?")
_BODY = re.compile(r":? ?\(in file/uri (?:(?!\(in file/uri )[^\n])*?/bodies/\w+\)")
# begins where a path begins, so that each is looked at once: a message may repeat what a reader sent
_BODY_PATH = re.compile(r"(?<![^\s'\":,()=\[`])/[^\s'\":,()=\[`]*/bodies/\w+")
#: the engine's version or the error's name, at the end of the text
_NAME = re.compile(r"\((?:version [^)]{0,200}|([A-Z][A-Z0-9_]{1,200}))\)\.?\Z")
_POSITION = re.compile(r"(?<=position )\d+|(?<=\(line 1, col )\d+")

UNKNOWN_TABLE: Final = 60
SYNTAX_ERROR: Final = 62
READONLY: Final = 164
TIMEOUT_EXCEEDED: Final = 159
TOO_MANY_SIMULTANEOUS_QUERIES: Final = 202
BAD_ARGUMENTS: Final = 36
NOT_IMPLEMENTED: Final = 48
NOT_ENOUGH_SPACE: Final = 243
CUT_SHORT: Final = 33
CHECKSUM_DIFFERS: Final = 40
UNKNOWN_COMPRESSION: Final = 89
BROKEN_BLOCK: Final = 271
UNKNOWN_FORMAT: Final = 73
SESSION_NOT_FOUND: Final = 372
SESSION_IS_LOCKED: Final = 373
QUERY_WAS_CANCELLED: Final = 394
ACCESS_DENIED: Final = 497
AUTHENTICATION_FAILED: Final = 516
REQUEST_TOO_LARGE: Final = 307
UNKNOWN_EXCEPTION: Final = 1002

# HTTPHandler.cpp, exceptionCodeToHTTPStatus; 202, 497 and what is wrong with a compressed block are reported more exactly here than
# by the server (500).
_STATUS: Final = {
    **dict.fromkeys(
        (6, 26, 27, 36, 38, 41, 42, 43, 44, 53, 62, 67, 72, 117, 166, 167, 168, 182, 427, 441, 456), 400
    ),
    **dict.fromkeys((CUT_SHORT, CHECKSUM_DIFFERS, UNKNOWN_COMPRESSION, BROKEN_BLOCK), 400),
    **dict.fromkeys((46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 152, 224, 336, 372), 404),
    **dict.fromkeys((192, 193, 516, 497, 164), 403),
    194: 401,
    159: 408,
    202: 429,
    307: 413,
    48: 501,
}


#: what the engine says of bytes that are not what it wrote
_DAMAGE: Final = frozenset(
    {
        "CHECKSUM_DOESNT_MATCH",
        "CANNOT_DECOMPRESS",
        "CORRUPTED_DATA",
        "UNKNOWN_CODEC",
        "CANNOT_READ_ALL_DATA",
        "ATTEMPT_TO_READ_AFTER_EOF",
        "TOO_LARGE_SIZE_COMPRESSED",
        "SIZES_OF_COLUMNS_DOESNT_MATCH",
        "INCORRECT_DATA",
    }
)
#: the place of a part in the engine's folder
_PART = re.compile(
    r"store/[0-9a-f]{3}/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/([\w-]{1,200})/([\w.%-]{0,300})"
)


class DamagedPart(NamedTuple):
    """A part of a table that an error names: the table's UUID and the part's name."""

    uuid: str
    part: str


class StoreError(RejectedError):
    """A statement failed; raised by the engine and its guards, reported to the client by the server."""

    def __init__(self, code: int, name: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.name = name
        self.text = text

    @property
    def status(self) -> int:
        """The HTTP status that goes with the code."""
        return _STATUS.get(self.code, 500)

    @property
    def is_damage(self) -> bool:
        """Whether it can mean that the disk has changed what the engine wrote."""
        return self.name in _DAMAGE

    @property
    def damaged_part(self) -> DamagedPart | None:
        """The part that it says was changed, if it names one; a query's own text can say so, too."""
        found = _PART.search(self.text) if self.is_damage else None
        return DamagedPart(found[1], found[2]) if found else None

    @property
    def damaged_file(self) -> str:
        """The file of that part, empty if it names none."""
        found = _PART.search(self.text) if self.is_damage else None
        return found[3] if found else ""

    def as_text(self, version: str) -> str:
        """The text as ClickHouse words it."""
        return f"Code: {self.code}. DB::Exception: {self.text} ({self.name}) (version {version})\n"


def from_engine(message: str, *, added: int = 0, folder: str = "") -> StoreError:
    """The engine's message taken apart; nested repetitions of its prefix appear once.

    Args:
        message: what it said.
        added: characters that the store put before the client's statement; places in it are counted without them.
        folder: the store's own; paths begin there.
    """
    text = _BODY_PATH.sub("the request's body", _BODY.sub("", _PIPE.sub(" ", message.strip())))
    if folder:
        text = text.replace(f"{folder}/", "")
    if added:
        text = _POSITION.sub(lambda place: str(max(int(place[0]) - added, 1)), text)
    for prefix in ("Streaming query failed: ",):
        text = text.removeprefix(prefix)
    code = UNKNOWN_EXCEPTION
    while match := _CODE.match(text):
        code = int(match[1])
        text = text[match.end() :]
    name = "UNKNOWN_EXCEPTION"
    while match := _NAME.search(text := text.rstrip()):
        name = match[1] or name
        text = text[: match.start()]
    return StoreError(code, name, text)
