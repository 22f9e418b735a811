"""Takes an upload into a private file as it comes: neither the whole of it nor a part that is too large is ever in memory."""

from __future__ import annotations

import asyncio

from aiohttp import BodyPartReader, web

from scoring.wording.text import Bilingual
from streams.imports.drafts import (
    MAX_KEPT,
    MAX_UPLOAD,
    ImportDraft,
    ImportDrafts,
    TooManyDraftsError,
    UploadTooLargeError,
)
from streams.sources.files.exports.dry_run import ImportChoices
from streams.web.frame.errors import BadQueryError
from streams.web.frame.forms import UNREADABLE_FORM, Forms

#: seconds that an upload may take
_UPLOAD_S = 1800.0
_MAX_FIELD = 4096
_MAX_FIELDS = 20
_UPLOAD_BLOCK = 1 << 18


async def uploaded(
    request: web.Request, forms: Forms, drafts: ImportDrafts
) -> tuple[list[ImportDraft], dict[str, str]]:
    """The files of a form, each in place, and its fields. The form's token comes first: without it nothing is taken.

    Raises:
        BadQueryError: it is not such a form.
        ForgedFormError: it is not from this page.
        UploadTooLargeError, TooManyDraftsError: nothing was taken.
    """
    if request.content_type != "multipart/form-data":
        raise BadQueryError("expected a form with files")
    taken: list[ImportDraft] = []
    fields: dict[str, str] = {}
    try:
        async with asyncio.timeout(_UPLOAD_S):
            reader = await request.multipart()
            while part := await reader.next():
                if not isinstance(part, BodyPartReader):
                    raise BadQueryError("the form cannot be read")
                if part.filename is None:
                    if len(fields) >= _MAX_FIELDS:
                        raise BadQueryError("the form has too many fields")
                    fields[part.name or ""] = await _text(part)
                    continue
                forms.check(request, fields)
                if part.filename:
                    draft = drafts.new(part.filename, ImportChoices())
                    taken.append(draft)
                    await _store(part, draft, drafts.kept_bytes(draft))
    except UNREADABLE_FORM as error:
        _drop(drafts, taken)
        raise BadQueryError("the form cannot be read") from error
    except BaseException:
        _drop(drafts, taken)
        raise
    forms.check(request, fields)
    return taken, fields


def _drop(drafts: ImportDrafts, taken: list[ImportDraft]) -> None:
    for draft in taken:
        drafts.drop(draft)


async def _text(part: BodyPartReader) -> str:
    text = b""
    while block := await part.read_chunk(_MAX_FIELD):
        text += block
        if len(text) > _MAX_FIELD:
            raise BadQueryError("a field of the form is too long")
    return text.decode("utf-8", "replace")


async def _store(part: BodyPartReader, draft: ImportDraft, kept: int) -> None:
    written = 0
    with draft.path.open("xb") as file:
        while block := await part.read_chunk(_UPLOAD_BLOCK):
            written += len(block)
            if written > MAX_UPLOAD:
                raise UploadTooLargeError(
                    Bilingual(
                        f"超过 {MAX_UPLOAD >> 20:,} MB；请每次少导出几个月，或使用 `funnelwatch import`",
                        f"has more than {MAX_UPLOAD >> 20:,} MB; export fewer months at a time, or use `funnelwatch import`",
                    )
                )
            if kept + written > MAX_KEPT:
                raise TooManyDraftsError(
                    Bilingual(
                        f"上传的文件合计超过 {MAX_KEPT >> 30} GB；请先导入或放弃其中一些",
                        f"all uploads together have more than {MAX_KEPT >> 30} GB; import or drop some of them first",
                    )
                )
            await asyncio.to_thread(file.write, block)
    draft.path.chmod(0o600)
