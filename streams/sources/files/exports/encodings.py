"""Which encoding a text file is in: by its own bytes, over the whole file, never by the machine's locale."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from charset_normalizer import from_bytes

_BLOCK = 1 << 20
_SAMPLE = 256 * 1024
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: encodings of exports that are not Unicode, wider ones for narrower ones
_PAIRS = ["gb18030", "big5", "cp932", "cp949"]
_SINGLES = ["cp1252", "cp1250", "cp1251", "cp1254", "cp1258", "cp874"]
_RUNS = re.compile(rb"[\x80-\xff]+")
#: fewer bytes beyond ASCII than this are too few to distinguish one language's characters from another's
_ENOUGH = 400


def candidates(path: Path) -> list[str]:
    """Encodings that decode the whole file, the likeliest first. There is always one: cp1252 takes nearly any byte."""
    with path.open("rb") as file:
        start = file.read(_SAMPLE)
    for mark, name in _MARKS:
        if start.startswith(mark):
            return [name]
    if wide := _utf16_without_mark(start):
        return [wide]
    if _decodes(path, "utf-8"):
        return ["utf-8"]
    sample = _beyond_ascii(start)
    runs = _RUNS.findall(sample)
    # bytes beyond ASCII come in pairs where two make a character, and mostly alone in the languages of Europe
    likelier, others = (
        (_SINGLES, _PAIRS) if 2 * sum(len(run) == 1 for run in runs) > len(runs) else (_PAIRS, _SINGLES)
    )
    first: list[str] = []
    if sum(map(len, runs)) >= _ENOUGH and (guess := from_bytes(sample, cp_isolation=likelier).best()):
        first = [guess.encoding.replace("_", "")]
    ordered = list(dict.fromkeys([*first, *likelier, *others]))
    return [name for name in ordered if _decodes(path, name)] or ["latin-1"]


def _beyond_ascii(start: bytes) -> bytes:
    """The lines that hold bytes beyond ASCII: what a guess can be made from."""
    lines = [line for line in start.split(b"\n") if not line.isascii()]
    return b"\n".join(lines)[:65_536] or start[:65_536]


def _utf16_without_mark(start: bytes) -> str:
    sample = start[:4096]
    if len(sample) < 8:
        return ""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if odd > half * 0.4 and even < half * 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > half * 0.4 and odd < half * 0.05 else ""


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        for block in _blocks(path):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block
