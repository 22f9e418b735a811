"""Adding a connection on the page: what its platform needs, asked with where to find it; tested before it is saved."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any

import yaml
from aiohttp import web

from scoring.errors import UNDECODABLE
from streams.clock import now_ms
from streams.errors import FunnelwatchError
from streams.kafka.errors import KafkaUnreachableError
from streams.printable import printable
from streams.sources.adding import AddedConnection, check_name
from streams.sources.approval import LINK, NO_LINK, CodeRejectedError
from streams.sources.definitions import definition_of
from streams.sources.directory import ConnectionDirectory, place_of
from streams.sources.granting import approval_link, complete_by_code, needs_of_link, said_of
from streams.sources.questions import (
    AnswerKind,
    ConnectionRejectedError,
    SettingQuestion,
    checked,
    given,
    is_asked,
    models,
    put_answer,
    questions,
    read_value,
)
from streams.sources.registry import source_named
from streams.sources.sealing import SEALED, key_path, open_sealer, resolve, sealed_secrets
from streams.sources.source_log import StoredConnection, log_key, publish_records
from streams.sources.supplies import supplied
from streams.sources.trial_words import part_name
from streams.sources.trying import Trial
from streams.web.frame import actions
from streams.web.frame.broker import broker_within
from streams.web.frame.forms import fields_of, name_of, remember_name
from streams.web.frame.subject import PageServices
from streams.web.sources.answers import StageSupply

#: a platform that has not answered by then is said to be silent
TRIAL_S = 25.0
#: before the name of a field: a secret that was typed before, sealed
_KEPT = "kept/"
#: what a person at the page may not write: who may configure may not read the server's files and environment by it
_REFERENCES = ("env:", "file:")


class AddingPages:
    """The handlers."""

    def __init__(self, services: PageServices) -> None:
        self._settings, self._config = services.settings, services.config
        self._renderer, self._forms, self._sources = services.renderer, services.forms, services.sources

    def _has_key(self) -> bool:
        """Whether this process seals with the key that the other roles open with: they have made its file, or it is given to all."""
        path = key_path(self._settings)
        return path is None or path.exists()

    async def choose(self, request: web.Request) -> web.StreamResponse:
        """GET /sources/add."""
        specs = [spec for name in models() if (spec := source_named(name)) is not None]
        return self._renderer.render(request, "sources/add.html", specs=specs, has_key=self._has_key())

    async def ask(self, request: web.Request) -> web.StreamResponse:
        """GET /sources/add/{source}; with ``?name=`` the settings of a connection that was added before."""
        source = request.match_info["source"]
        if source not in models():
            return self._renderer.missing(request, "no_such_source")
        return self._asked(request, source, self._stored(request.query.get("name", ""), source))

    def _asked(
        self,
        request: web.Request,
        source: str,
        content: Mapping[str, Any],
        problems: tuple[str, ...] = (),
        trial: Trial | None = None,
        who: str = "",
        code: int = 200,
        link: str = "",
    ) -> web.Response:
        reader = self._renderer.reader(request)
        spec, model = source_named(source), models()[source]
        assert spec is not None
        stages: Mapping[Any, Any] = {}
        if trial is not None:
            stages = supplied(spec, model.model_validate(content), trial.lost)
        return self._renderer.render(
            request,
            "sources/add_form.html",
            code,
            spec=spec,
            questions=questions(model, [store.id for store in self._config.stores]),
            answer=lambda question: _shown(question, content),
            sealed=lambda question: _sealed_in(question, content),
            made=secrets.token_urlsafe(24),
            problems=problems,
            who=who,
            link=link,
            link_said=LINK(reader.language),
            trial=trial,
            part_name=part_name,
            stages=tuple(StageSupply(stage.value, supply.value) for stage, supply in stages.items()),
            definition=definition_of(source, reader.language),
            has_key=self._has_key(),
        )

    async def save(self, request: web.Request) -> web.StreamResponse:
        """POST /sources/add/{source}: test, then save; what does not work comes back with what was typed."""
        form = await fields_of(request)
        self._forms.check(request, form)
        source = request.match_info["source"]
        if source not in models() or not self._has_key():
            return self._renderer.missing(request, "no_such_source")
        reader, directory = self._renderer.reader(request), self._sources.directory
        who = (form.get("who") or name_of(request)).strip()
        content: dict[str, Any] = {"source": source}
        trial: Trial | None = None
        try:
            self._read(form, content)
            complete_by_code(content)
            if form.get("link"):
                return self._linked(request, source, content, who)
            if not who:
                raise ConnectionRejectedError([reader.word("name_needed")])
            model = checked(content, self._config)
            sealer = open_sealer(self._settings)
            added = AddedConnection(self._config, model, content, sealer)
            async with broker_within(self._settings, actions.PATIENCE_S + 2 * TRIAL_S):
                if directory is None:
                    raise KafkaUnreachableError(reader.word("connections_loading"))
                await directory.caught_up()
                check_name(directory, model.name)
                # a code is good once: what it gives is kept before anything is tested
                if tokens := await added.authorised(directory):
                    await publish_records(self._settings, tokens)
                    await directory.caught_up()
                content = added.sealed
                trial = await _tried(added, directory, reader.word("platform_silent"))
                if trial.is_good or form.get("anyway"):
                    await publish_records(self._settings, added.records(directory, trial, who))
                    await directory.caught_up()
                    remember_name(request, who)
                    return _to_card(request, model.name)
                if tokens := added.first_tokens(directory, trial):
                    await publish_records(self._settings, tokens)
                    await directory.caught_up()
        except (ConnectionRejectedError, CodeRejectedError) as error:
            if isinstance(error, CodeRejectedError):
                content.pop("code", None)
            problems = said_of(error, reader.language)
            return self._asked(request, source, _without_typed_secrets(content), problems, who=who, code=422)
        except KafkaUnreachableError as error:
            failure = reader.word("not_recorded", detail=str(error))
            return self._asked(
                request, source, _without_typed_secrets(content), (failure,), who=who, code=503
            )
        except FunnelwatchError as error:
            problems = said_of(error, reader.language)
            return self._asked(request, source, _without_typed_secrets(content), problems, who=who, code=422)
        return self._asked(request, source, content, trial=trial, who=who, code=422)

    def _linked(self, request: web.Request, source: str, content: dict[str, Any], who: str) -> web.Response:
        """The form again, with the link by which the shop approves; what was typed is kept, its secrets sealed.

        Raises:
            ConnectionRejectedError: the link needs more than was typed.
            SealedUnreadableError: a secret was sealed for a connection of another name.
        """
        reader, name = self._renderer.reader(request), str(content.get("name", ""))
        sealer, place = open_sealer(self._settings), place_of(name)
        sealed = sealed_secrets(models()[source], content, sealer, place)
        link = (
            approval_link(sealed, lambda reference: resolve(reference, sealer, place), now_ms())
            if name
            else ""
        )
        if not link:
            asked = {question.name: question.words for question in questions(models()[source], ())}
            needs = [asked[one].label(reader.language) for one in ("name", *needs_of_link(source))]
            raise ConnectionRejectedError([NO_LINK(reader.language, needs=", ".join(needs))])
        return self._asked(request, source, sealed, who=who, link=link)

    def _stored(self, name: str, source: str) -> Mapping[str, Any]:
        """The settings of a connection of that name and source that was added before; empty if there is none."""
        directory = self._sources.directory
        stored = (
            directory.book.get(StoredConnection, log_key("connection", name)) if directory and name else None
        )
        return stored.settings if stored is not None and stored.settings.get("source") == source else {}

    def _read(self, form: Mapping[str, str], content: dict[str, Any]) -> None:
        """Put what was typed into ``content``; what was sealed before where nothing new was typed."""
        model = models()[content["source"]]
        stored = self._stored(form.get("name", "").strip(), content["source"])
        for question in questions(model, [store.id for store in self._config.stores]):
            # what is typed before the link is made stays, whether it will be asked for or not
            if not (form.get("link") or is_asked(question, content, model)):
                continue
            answer = _typed(question, form, content["source"])
            if question.kind is AnswerKind.SECRET:
                answer = _secret(question, str(answer), form, stored)
            if answer not in (None, "", []):
                put_answer(content, question.path, answer)


def _typed(question: SettingQuestion, form: Mapping[str, str], source: str) -> Any:
    text = form.get(question.name, "").strip()
    if question.kind is AnswerKind.CHOICES and question.choices:
        return [choice for choice in question.choices if form.get(f"{question.name}/{choice}")]
    if question.kind is AnswerKind.CHOICES:
        return [one.strip() for one in text.split(",") if one.strip()]
    if question.kind is AnswerKind.SECRET:
        return text
    if question.kind is AnswerKind.MAPPING:
        return _mapping(text) if text else None
    return read_value(source, question.path, text) if text else None


def _secret(question: SettingQuestion, typed: str, form: Mapping[str, str], stored: Mapping[str, Any]) -> str:
    """What was typed, or what is there already: as it was sealed, or the reference that the command line left.

    Raises:
        ConnectionRejectedError: a reference was typed.
    """
    kept = form.get(_KEPT + question.name, "")
    if typed.startswith(_REFERENCES):
        raise ConnectionRejectedError(
            [
                f"{question.name}: references are for the command line and funnelwatch.yaml; type the secret itself"
            ]
        )
    if typed or not kept:
        return typed
    return kept if kept.startswith(SEALED) or kept == given(dict(stored), question.path) else ""


def _mapping(text: str) -> list[Any]:
    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, *UNDECODABLE) as error:
        raise ConnectionRejectedError([f"mapping: {printable(str(error).splitlines()[0])}"]) from error
    return found if isinstance(found, list) else [found]


def _shown(question: SettingQuestion, content: Mapping[str, Any]) -> Any:
    """What is in the field: what was given, else what holds without an answer. A secret never is."""
    if question.kind is AnswerKind.SECRET:
        return ""
    found = given(dict(content), question.path)
    if question.kind is AnswerKind.CHOICES:
        chosen = list(found) if found is not None else question.usual.split(", ")
        return chosen if question.choices else ", ".join(chosen)
    if question.kind is AnswerKind.MAPPING and found is not None:
        return yaml.safe_dump(found, allow_unicode=True, sort_keys=False)
    return question.usual if found is None else found


def _sealed_in(question: SettingQuestion, content: Mapping[str, Any]) -> str:
    """A secret that is there already: sealed, or a reference; empty if there is none."""
    found = given(dict(content), question.path)
    return found if question.kind is AnswerKind.SECRET and isinstance(found, str) else ""


def _without_typed_secrets(content: dict[str, Any]) -> dict[str, Any]:
    """``content`` to be shown again: a secret as it was typed goes into no page."""
    model = models()[content["source"]]
    shown = dict(content)
    for question in questions(model, ()):
        value = given(shown, question.path)
        is_secret = question.kind is AnswerKind.SECRET and isinstance(value, str)
        if is_secret and not value.startswith((SEALED, *_REFERENCES)):
            put_answer(shown, question.path, "")
    return shown


async def _tried(added: AddedConnection, directory: ConnectionDirectory, silent: str) -> Trial:
    try:
        async with asyncio.timeout(TRIAL_S):
            return await added.tried(directory)
    except TimeoutError as error:
        raise ConnectionRejectedError([silent]) from error


def _to_card(request: web.Request, name: str) -> web.Response:
    target = request.url.with_path("/sources").with_query(done=name, what="added")
    return web.Response(status=303, headers={"Location": str(target.with_fragment(f"c-{name}").relative())})
