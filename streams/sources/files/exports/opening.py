"""A file, a folder or a zip as tables: each file is one of these or says why it cannot be."""

from __future__ import annotations

import gzip
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from scoring.wording.text import Bilingual
from streams.sources.files.exports.avro_rows import MAGIC as AVRO
from streams.sources.files.exports.avro_rows import avro_rows
from streams.sources.files.exports.json_tables import is_json, json_tables
from streams.sources.files.exports.parquet_rows import MAGIC as PARQUET
from streams.sources.files.exports.parquet_rows import parquet_rows
from streams.sources.files.exports.text_tables import TextRows, text_encodings
from streams.sources.files.exports.unreadable import UnreadableExportError
from streams.sources.files.exports.workbooks import (
    MAX_UNPACKED,
    OLE,
    Sheet,
    check_sizes,
    open_workbook,
    packed_bytes,
)

_MAX_MEMBERS = 1000
#: a zip, and the zips in it; platforms that split an export put zips into one
_DEEPEST = 2
_TOO_DEEP = Bilingual(
    "套了三层压缩包，只读取两层；请先解压",
    "is a zip in a zip in a zip, and two levels are read; unpack it first",
)
_UNREADABLE = (
    UnreadableExportError,
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    OSError,
)
#: bytes of a text file: three million orders with all that a platform writes of them
MAX_TEXT = 2 << 30
_HIDDEN = (".", "~$", "__MACOSX", "Thumbs.db")


@dataclass(slots=True)
class ExportFile:
    """One file with its tables: a text file has one per encoding that fits, a workbook one per visible sheet, JSON one per list.

    ``hidden`` are the names of a workbook's other sheets."""

    name: str
    path: Path
    sheets: Sequence[Sheet] = ()
    hidden: Sequence[str] = ()
    is_workbook: bool = False
    encodings: Sequence[str] = ()
    trouble: str = ""
    texts: dict[str, TextRows] = field(default_factory=dict)

    def text(self, encoding: str) -> TextRows:
        """The table read with that encoding."""
        return self.texts.setdefault(encoding, TextRows(self.path, encoding))


@contextmanager
def opened(path: Path) -> Iterator[list[ExportFile]]:
    """The files at ``path``: itself, those of a folder (sorted by name), those in a zip. Unpacked copies go at the end."""
    with tempfile.TemporaryDirectory(prefix="funnelwatch-import-") as folder:
        found: list[ExportFile] = []
        for one in _paths(path):
            name = str(one.relative_to(path)) if path.is_dir() else one.name
            try:
                found += _files(one, name, Path(folder), len(found))
            except _UNREADABLE as error:
                found.append(_left_out(name, one, error))
        yield found


def _left_out(name: str, path: Path, error: Exception) -> ExportFile:
    """A file that cannot be read, with the reason."""
    if isinstance(error, UnreadableExportError):
        return ExportFile(name, path, trouble=str(error))
    if isinstance(error, OSError):
        return ExportFile(name, path, trouble=f"cannot be read: {error.strerror or error}")
    damaged = Bilingual(
        f"文件已损坏（{error}）；请重新获取", f"the file is damaged ({error}); fetch it again"
    )
    return ExportFile(name, path, trouble=damaged)


def _paths(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(
        one
        for one in path.rglob("*")
        if one.is_file() and not any(part.startswith(_HIDDEN) for part in one.relative_to(path).parts)
    )


def _files(path: Path, name: str, folder: Path, number: int) -> list[ExportFile]:
    with path.open("rb") as file:
        start = file.read(8)
    if not start:
        raise UnreadableExportError(Bilingual("文件是空的", "the file is empty"))
    if start.startswith(b"\x1f\x8b"):
        return [_opened(_gunzipped(path, folder / f"{number}.unpacked"), name)]
    if start.startswith(b"PK") and not _is_workbook(path):
        return _members(path, name, folder / f"{number}", _Unpacking())
    return [_opened(path, name)]


def _opened(path: Path, name: str) -> ExportFile:
    with path.open("rb") as file:
        start = file.read(256)
    try:
        if start.startswith((OLE, b"PK")):
            book = open_workbook(path)
            return ExportFile(name, path, sheets=book.sheets, hidden=book.hidden, is_workbook=True)
        if start.startswith(PARQUET):
            return ExportFile(name, path, sheets=[Sheet("", parquet_rows(path))])
        if start.startswith(AVRO):
            return ExportFile(name, path, sheets=[Sheet("", avro_rows(path))])
        if not start.strip(b"\xef\xbb\xbf\r\n\t "):
            raise UnreadableExportError(Bilingual("文件是空的", "the file is empty"))
        if (size := path.stat().st_size) > MAX_TEXT:
            raise UnreadableExportError(
                Bilingual(
                    f"有 {size / 1e9:,.1f} GB，最多读取 {MAX_TEXT / 1e9:,.1f} GB；请每次少导出几个月，逐个文件导入",
                    f"has {size / 1e9:,.1f} GB, at most {MAX_TEXT / 1e9:,.1f} GB are read; export fewer months at a time, and import one file after the other",
                )
            )
        if is_json(start):
            return ExportFile(name, path, sheets=[Sheet(*table) for table in json_tables(path)])
        return ExportFile(name, path, encodings=text_encodings(path))
    except UnreadableExportError as error:
        return ExportFile(name, path, trouble=str(error))


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as package:
            return any(
                name in ("[Content_Types].xml", "xl/workbook.xml", "mimetype") for name in package.namelist()
            )
    except zipfile.BadZipFile as error:
        raise UnreadableExportError(
            Bilingual(f"文件已损坏（{error}）；请重新获取", f"the file is damaged ({error}); fetch it again")
        ) from error


@dataclass(slots=True)
class _Unpacking:
    """What a zip and the zips in it unpack to together: the limits hold for all of it. ``packed``: bytes in the outermost."""

    packed: int = 0
    members: int = 0
    whole: int = 0
    written: int = 0

    def take(self, package: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
        """The members of a package, once it is known that they may be unpacked.

        Raises:
            UnreadableExportError: they are too many or too large, or one would land outside the folder.
        """
        members = [one for one in package.infolist() if not one.is_dir()]
        self.packed = self.packed or packed_bytes(package)
        if self.members + len(members) > _MAX_MEMBERS:
            raise UnreadableExportError(
                Bilingual(
                    f"里面有 {self.members + len(members):,} 个文件，最多读取 {_MAX_MEMBERS:,} 个",
                    f"holds {self.members + len(members):,} files, at most {_MAX_MEMBERS:,} are read",
                )
            )
        whole = self.whole + sum(one.file_size for one in members)
        check_sizes(whole, self.packed)
        for one in members:
            inside = _inside(one)
            if inside.is_absolute() or ".." in inside.parts or ":" in inside.parts[0]:
                raise UnreadableExportError(
                    Bilingual(
                        f"里面有文件会解压到目录之外（{one.filename!r}）；整个压缩包都不读取",
                        f"holds a file that would land outside its folder ({one.filename!r}); nothing of it is read",
                    )
                )
        self.members, self.whole = self.members + len(members), whole
        return [one for one in members if not any(part.startswith(_HIDDEN) for part in _inside(one).parts)]


def _inside(member: zipfile.ZipInfo) -> PurePosixPath:
    return PurePosixPath(member.filename.replace("\\", "/"))


def _members(path: Path, name: str, place: Path, unpacking: _Unpacking, level: int = 1) -> list[ExportFile]:
    """The files in a zip, and in the zips in it, under names of our own on disk that begin with ``place``."""
    found: list[ExportFile] = []
    with zipfile.ZipFile(path) as package:
        for one in unpacking.take(package):
            shown = f"{name}/{_inside(one)}"
            if one.flag_bits & 0x1:
                found.append(ExportFile(shown, path, trouble="is protected by a password; unpack it first"))
                continue
            unpacking.written += 1
            target = place.with_name(f"{place.name}-{unpacking.written}.unpacked")
            with package.open(one) as source, target.open("wb") as sink:
                _copied(source, sink)
            try:
                if not _is_zip(target):
                    found.append(_opened(target, shown))
                elif level < _DEEPEST:
                    found += _members(target, shown, place, unpacking, level + 1)
                    target.unlink()
                else:
                    found.append(ExportFile(shown, path, trouble=_TOO_DEEP))
            except _UNREADABLE as error:
                found.append(_left_out(shown, target, error))
    if not found:
        raise UnreadableExportError(Bilingual("压缩包里没有文件", "the zip holds no file"))
    return found


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"PK" and not _is_workbook(path)


def _gunzipped(path: Path, target: Path) -> Path:
    try:
        with gzip.open(path) as source, target.open("wb") as sink:
            _copied(source, sink)
    except (gzip.BadGzipFile, EOFError) as error:
        raise UnreadableExportError(
            Bilingual(f"文件已损坏（{error}）；请重新获取", f"the file is damaged ({error}); fetch it again")
        ) from error
    return target


def _copied(source: IO[bytes] | gzip.GzipFile, sink: IO[bytes]) -> None:
    written = 0
    while block := source.read(1 << 20):
        written += len(block)
        if written > MAX_UNPACKED:
            raise UnreadableExportError(
                Bilingual(
                    f"解压后超过 {MAX_UNPACKED / 1e9:,.1f} GB，不读取",
                    f"unpacks to more than {MAX_UNPACKED / 1e9:,.1f} GB; it is not read",
                )
            )
        sink.write(block)
