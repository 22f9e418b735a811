"""The parts of an XLSX workbook around its cells: which sheets it has, which styles are times, and the texts that cells share.

Before it: ``workbooks``, which knows what kind of file it is. After it: ``xlsx_rows``, which reads the cells.
"""

from __future__ import annotations

import functools
import html
import os
import posixpath
import re
import tempfile
import zipfile
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scoring.wording.text import Bilingual
from streams.sources.files.exports.unreadable import UnreadableExportError

#: bytes of the small parts (workbook, relations, styles): real ones have kilobytes
_MOST_OF_A_PART = 32 << 20
_READ_AT_ONCE = 1 << 20
_LONGEST_TEXT = 8 << 20
#: texts that are decoded at once, and how many such groups are kept decoded: cells of neighbouring rows share them
_GROUP = 64
_GROUPS_KEPT = 4096

_ATTRIBUTE = re.compile(r"([\w:]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_SHEET = re.compile(r"<(?:\w+:)?sheet\s([^>]*)>")
_RELATION = re.compile(r"<(?:\w+:)?Relationship\s([^>]*)>")
_FORMAT = re.compile(r"<(?:\w+:)?numFmt\s([^>]*)>")
_CELL_STYLES = re.compile(r"<(?:\w+:)?cellXfs[^>]*>(.*?)</(?:\w+:)?cellXfs>", re.DOTALL)
_STYLE = re.compile(r"<(?:\w+:)?xf\s([^>]*)>")
_DATE_1904 = re.compile(r"<(?:\w+:)?workbookPr\s[^>]*date1904\s*=\s*[\"'](?:1|true)[\"']")
_STALE = re.compile(r"<(?:\w+:)?calcPr\s[^>]*fullCalcOnLoad\s*=\s*[\"'](?:1|true)[\"']")
_CDATA = re.compile(rb"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_SHARED = re.compile(rb"<(?:\w+:)?si(?:\s[^>]*)?(?:/>|>(.*?)</(?:\w+:)?si>)", re.DOTALL)
_TEXT = re.compile(rb"<(?:\w+:)?t(?:\s[^>]*)?(?:/>|>(.*?)</(?:\w+:)?t>)", re.DOTALL)
#: how the pronunciation of a Japanese text is written next to it
_PHONETIC = re.compile(rb"<(?:\w+:)?rPh\s.*?</(?:\w+:)?rPh>", re.DOTALL)
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
#: what a number format says in quotes, after a backslash or in brackets is not a sign of a time; [h], [m] and [s] are spans
_LITERALS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)
_SPAN = re.compile(r"\[[hms]+\]", re.IGNORECASE)
_BUILT_IN_TIMES = frozenset({*range(14, 23), *range(27, 37), 45, 47, *range(50, 59)})
_BUILT_IN_SPANS = frozenset({46})
_UNQUOTED = "ymdhs"


@dataclass(frozen=True, slots=True)
class SheetPart:
    """A worksheet that is shown: its name and where in the package its cells are."""

    name: str
    member: str


@dataclass(frozen=True, slots=True)
class XlsxPackage:
    """What has to be known of a workbook before its cells are read.

    ``hidden`` are names of sheets that are not shown; ``times`` and ``spans`` are numbers of styles; ``is_stale`` is whether the
    program that wrote it leaves working out the formulas to the one that opens it.
    """

    sheets: tuple[SheetPart, ...]
    hidden: tuple[str, ...]
    times: frozenset[int]
    spans: frozenset[int]
    is_1904: bool
    is_stale: bool
    texts: str


def read_package(package: zipfile.ZipFile) -> XlsxPackage:
    """The workbook's parts.

    Raises:
        UnreadableExportError: it is none, or holds what no export does.
    """
    workbook_part = _main_part(package)
    folder = posixpath.dirname(workbook_part)
    relations = _relations(
        package, posixpath.join(folder, "_rels", posixpath.basename(workbook_part) + ".rels")
    )
    targets = {one: _joined(folder, target) for one, (_, target) in relations.items()}
    by_kind = {kind: _joined(folder, target) for kind, target in relations.values()}
    content = _small_part(package, workbook_part)
    members = set(package.namelist())
    sheets, hidden = [], []
    for found in _SHEET.finditer(content):
        said = _attributes(found.group(1))
        member = targets.get(next((text for name, text in said.items() if name.endswith(":id")), ""), "")
        kind = next(
            (kind for kind, target in relations.values() if _joined(folder, target) == member), "worksheet"
        )
        if kind == "worksheet" and member in members:
            if said.get("state", "visible") == "visible":
                sheets.append(SheetPart(said.get("name", ""), member))
            else:
                hidden.append(said.get("name", ""))
    styles = by_kind.get("styles", posixpath.join(folder, "styles.xml"))
    times, spans = _styles(_small_part(package, styles) if styles in members else "")
    texts = by_kind.get("sharedStrings", "")
    return XlsxPackage(
        tuple(sheets),
        tuple(hidden),
        times,
        spans,
        bool(_DATE_1904.search(content)),
        bool(_STALE.search(content)),
        texts if texts in members else "",
    )


def _main_part(package: zipfile.ZipFile) -> str:
    names = set(package.namelist())
    if "_rels/.rels" in names:
        for kind, target in _relations(package, "_rels/.rels").values():
            if kind == "officeDocument" and _joined("", target) in names:
                return _joined("", target)
    if "xl/workbook.xml" in names:
        return "xl/workbook.xml"
    raise UnreadableExportError(Bilingual("压缩包里没有工作簿", "this package holds no workbook"))


def _relations(package: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """Id → (kind, target). What lies outside the package (a link to another workbook) is left out, and never followed."""
    if part not in package.namelist():
        return {}
    found = {}
    for one in _RELATION.finditer(_small_part(package, part)):
        said = _attributes(one.group(1))
        if said.get("TargetMode", "") != "External":
            found[said.get("Id", "")] = (said.get("Type", "").rpartition("/")[2], said.get("Target", ""))
    return found


def _joined(folder: str, target: str) -> str:
    return (
        target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
    )


def _attributes(text: str) -> dict[str, str]:
    return {name: html.unescape(one or other) for name, one, other in _ATTRIBUTE.findall(text)}


def _small_part(package: zipfile.ZipFile, name: str) -> str:
    if package.getinfo(name).file_size > _MOST_OF_A_PART:
        raise UnreadableExportError(
            Bilingual(
                f"工作簿的 {name} 远大于正常的导出；不打开",
                f"the workbook's {name} is far larger than that of an export; it is not opened",
            )
        )
    with package.open(name) as part:
        content = part.read(_MOST_OF_A_PART + 1)
    check_plain(content)
    return content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", "replace")


def check_plain(start: bytes) -> None:
    """Reject XML that declares entities of its own, which may stand for any amount of text.

    Raises:
        UnreadableExportError: it does.
    """
    if b"<!DOCTYPE" in start or b"<!ENTITY" in start:
        raise UnreadableExportError(
            Bilingual(
                "工作簿声明了 XML 实体，正常的导出不会这样；不打开",
                "the workbook declares XML entities, which no export does; it is not opened",
            )
        )


def _styles(content: str) -> tuple[frozenset[int], frozenset[int]]:
    """Which cell styles show a number as a time, and which as a span of time."""
    own = {}
    for found in _FORMAT.finditer(content):
        said = _attributes(found.group(1))
        own[said.get("numFmtId", "")] = said.get("formatCode", "")
    times: set[int] = set()
    spans: set[int] = set()
    block = _CELL_STYLES.search(content)
    for number, found in enumerate(_STYLE.finditer(block.group(1)) if block else ()):
        code = _attributes(found.group(1)).get("numFmtId", "0")
        if code in own:
            kind = _kind_of_format(own[code])
        else:
            built_in = int(code) if code.isdigit() else 0
            kind = "time" if built_in in _BUILT_IN_TIMES else "span" if built_in in _BUILT_IN_SPANS else ""
        if kind:
            (times if kind == "time" else spans).add(number)
    return frozenset(times), frozenset(spans)


@functools.lru_cache(maxsize=1024)
def _kind_of_format(code: str) -> str:
    """Whether a number format shows a time, a span of time, or neither; only its part for positive numbers counts."""
    plain = _LITERALS.sub("", code).split(";", 1)[0]
    if _SPAN.search(plain):
        return "span"
    plain = re.sub("general|e[+-]", "", plain, flags=re.IGNORECASE)
    return "time" if any(sign in plain.lower() for sign in _UNQUOTED) else ""


class SharedTexts:
    """The texts that cells share, on disk in small groups: millions of them in little memory.

    Raises:
        UnreadableExportError: the part is damaged.
    """

    def __init__(self, package: zipfile.ZipFile, member: str) -> None:
        self._file = tempfile.TemporaryFile(prefix="funnelwatch-texts-")  # noqa: SIM115 (as long as this object)
        self._places = array("Q", [0])
        group: list[str] = []
        end = 0
        for text in _shared_texts(package, member) if member else ():
            group.append(text)
            if len(group) == _GROUP:
                end += self._file.write("\0".join(group).encode("utf-8", "surrogatepass"))
                self._places.append(end)
                group.clear()
        if group:
            self._places.append(end + self._file.write("\0".join(group).encode("utf-8", "surrogatepass")))
        self._file.flush()
        self._group = functools.lru_cache(maxsize=_GROUPS_KEPT)(self._read)

    def __getitem__(self, number: int) -> str:
        return self.of((number,))[0]

    def of(self, numbers: Iterable[int]) -> list[str]:
        """The texts of a column's cells."""
        texts = []
        known, group = -1, list[str]()
        try:
            for number in numbers:
                if number // _GROUP != known:
                    known = number // _GROUP
                    group = self._group(known)
                texts.append(group[number % _GROUP])
        except IndexError as error:
            raise UnreadableExportError(
                Bilingual(
                    "工作簿已损坏（缺少单元格的文字）；请重新导出",
                    "the workbook is damaged (a cell's text is missing); export it again",
                )
            ) from error
        return texts

    def _read(self, group: int) -> list[str]:
        start, end = self._places[group], self._places[group + 1]
        return os.pread(self._file.fileno(), end - start, start).decode("utf-8", "surrogatepass").split("\0")


def _shared_texts(package: zipfile.ZipFile, member: str) -> Iterator[str]:
    with package.open(member) as part:
        rest, is_start = b"", True
        while block := part.read(_READ_AT_ONCE):
            text = rest + block
            if is_start:
                check_plain(text[:4096])
                is_start = False
            last = 0
            for found in _SHARED.finditer(text):
                last = found.end()
                yield text_of_runs(without_sections(found.group(1) or b""))
            rest = text[last:]
            if len(rest) > _LONGEST_TEXT:
                raise UnreadableExportError(
                    Bilingual(
                        "工作簿已损坏（文字没有结尾）；请重新导出",
                        "the workbook is damaged (a text without an end); export it again",
                    )
                )


def without_sections(xml: bytes) -> bytes:
    """XML without comments, and with CDATA as escaped text: what plain searching would take for tags."""
    if b"<!" not in xml:
        return xml
    return _CDATA.sub(
        lambda found: html.escape(found.group(1).decode("utf-8", "replace")).encode(), _COMMENT.sub(b"", xml)
    )


def text_of_runs(xml: bytes) -> str:
    """The text of a shared or an inline string: its runs one after the other, without their pronunciation."""
    if b"rPh" in xml:
        xml = _PHONETIC.sub(b"", xml)
    runs = _TEXT.findall(xml)
    return text_of_xml(runs[0] if len(runs) == 1 else b"".join(runs))


def text_of_xml(raw: str | bytes) -> str:
    """The text that ``raw`` means in XML. A NUL, which XML cannot hold, becomes a space."""
    text = raw if isinstance(raw, str) else raw.decode("utf-8", "replace")
    if "&" in text:
        text = html.unescape(text)
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    if "_x" in text:
        text = _ESCAPE.sub(lambda found: chr(int(found.group(1), 16)), text)
    return text.replace("\0", " ") if "\0" in text else text


_PLACES: dict[str, int] = {}


def place_of(letters: str) -> int:
    """The number of a column, counted from 0."""
    known = _PLACES.get(letters)
    if known is None:
        known = 0
        for letter in letters:
            known = known * 26 + ord(letter) - 64
        known = _PLACES[letters] = known - 1
    return known
