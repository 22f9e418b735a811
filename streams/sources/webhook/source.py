"""The source ``webhook``: any system that signs what it sends, read by a mapping of the configuration, or in our own form."""

from __future__ import annotations

import hmac
from typing import Any

from scoring.events.event import Source
from scoring.events.redaction import StoreField
from scoring.records.raw_delivery import RawDelivery
from scoring.sources.json_mapping import RecordMapping, translate_rows
from scoring.sources.json_paths import json_path
from scoring.sources.json_values import UnreadableValueError, is_given, read_json, text_of
from scoring.sources.signatures import SignatureVerdict, verify
from scoring.sources.translated import ConnectionTerms, Translated, TranslationError
from scoring.wording.text import Text
from streams.sources.config import MappingConfig, TopicConfig
from streams.sources.connection import Connection
from streams.sources.mask_names import MaskNames, mask_names
from streams.sources.source import (
    Authorisation,
    Hook,
    HookAnswer,
    HookLabel,
    HookRequest,
    SourceSpec,
    Supply,
    every_stage,
)
from streams.sources.webhook.config import WebhookConnection

#: where events in our own form name their store
_OWN_STORES = (StoreField(("store_id",)),)
#: bytes of a body in which a handshake is looked for; it is not verified yet
_LARGEST_HANDSHAKE = 4096


def verify_delivery(request: HookRequest, connection: Connection) -> SignatureVerdict:
    """Whether one of the connection's secrets signed the raw bytes."""
    config: WebhookConnection = connection.config
    secrets = [connection.secret(one) for one in (config.secret, config.old_secret) if one]
    return verify(config.scheme(), request.raw, request.headers, secrets, request.now_s, config.url)


def handshake(request: HookRequest, connection: Connection) -> HookAnswer | None:
    """The answer to a check of the address: by GET, by an empty body, or by a body with a challenge."""
    wanted = connection.config.handshake
    if request.method == "GET":
        if wanted.token_query:
            given, expected = request.query.get(wanted.token_query, ""), connection.secret(wanted.token)
            if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
                return HookAnswer(403)
        return HookAnswer(body=request.query.get(wanted.query, "").encode()[:1024] if wanted.query else b"")
    if not request.raw.strip():
        return HookAnswer()
    if wanted.path and len(request.raw) <= _LARGEST_HANDSHAKE:
        return _challenge(request.raw, wanted.path)
    return None


def _challenge(raw: bytes, path: str) -> HookAnswer | None:
    try:
        found = json_path(path).of(read_json(raw))
    except UnreadableValueError:
        return None
    if not isinstance(found, str) or not found:
        return None
    return HookAnswer(body=found[:1024].encode())


def label(request: HookRequest, document: Any, connection: Connection) -> HookLabel:
    """Topic, id and store of a genuine delivery."""
    config: WebhookConnection = connection.config
    topic = _said(request, document, config.topic)
    fitting = [one for one in config.mapping if not one.topics or topic in one.topics]
    store = next((named for one in fitting if (named := _store(document, one))), "")
    return HookLabel(
        topic,
        _said(request, document, config.delivery_id),
        store if store in connection.stores else "",
    )


def _said(request: HookRequest, document: Any, where: TopicConfig) -> str:
    if where.header:
        return request.headers.get(where.header, "").strip()
    return _found(document, where.path) if where.path else ""


def _store(document: Any, mapping: MappingConfig) -> str:
    """The store of a document's rows by a mapping, where the document says it for all of them."""
    path = mapping.fields.get("store", "")
    said = (_found(document, path) if path else "") or mapping.constants.get("store", "")
    return mapping.values.get("store", {}).get(said, said)


def _found(document: Any, path: str) -> str:
    try:
        return text_of(json_path(path).of(document), path)
    except UnreadableValueError:
        return ""


def _names(connection: Connection) -> MaskNames:
    config: WebhookConnection = connection.config
    return mask_names(_mappings(config), config.personal, config.people)


def _mappings(config: WebhookConnection) -> tuple[RecordMapping, ...]:
    return tuple(one.mapping() for one in config.mapping)


def translate(delivery: RawDelivery, terms: ConnectionTerms) -> Translated:
    """What a delivery says."""
    try:
        document = read_json(delivery.body)
    except UnreadableValueError as error:
        raise TranslationError(str(error)) from error
    if terms.settings:
        return translate_rows(document, terms.settings, delivery, terms)
    return own_events(document, delivery, terms)


def own_events(document: Any, delivery: RawDelivery, terms: ConnectionTerms) -> Translated:
    """Events in the form of ``POST /v1/events``; one without a store is for the connection's first."""
    if isinstance(document, dict) and isinstance(document.get("events"), list):
        document = document["events"]
    rows = document if isinstance(document, list) else [document]
    done = Translated()
    for place, row in enumerate(rows):
        if not isinstance(row, dict):
            raise TranslationError(f"event {place} is not an object")
        event = {name: _plain(value) for name, value in row.items() if is_given(value)}
        if event.setdefault("store_id", terms.stores[0]) not in terms.stores:
            raise TranslationError(f"event {place} is for a store that is none of this connection's")
        if not event.keys() & {"event_time", "event_time_ms"}:
            event["event_time_ms"] = delivery.received_at_ms
        done.events.append(event)
    return done


def _plain(value: Any) -> Any:
    """A fraction as decimal text: it is exact here, and the intake takes money as text only."""
    return value if isinstance(value, str | int | dict) else str(value)


SOURCE = SourceSpec(
    name="webhook",
    words=Text("签名 Webhook", "Signed webhook"),
    supplies=every_stage(Supply.EVENT),
    definition=Text(
        "任何会签名的系统推送的内容；每个字段的含义由连接的映射决定，时间取推送中的时间。",
        "What any system that signs its deliveries sends; the connection's mapping decides what a field means, and times are those of "
        "the delivery.",
    ),
    events_as=(Source.WEBHOOK,),
    hook=Hook(
        verify=verify_delivery,
        handshake=handshake,
        label=label,
        kept_headers=("Content-Type",),
        personal=lambda connection: _names(connection).personal,
        people=lambda connection: _names(connection).people,
        kept=lambda connection: _names(connection).kept,
        ids=lambda connection: _names(connection).ids,
        stores=lambda connection: _names(connection).stores or _OWN_STORES,
    ),
    translate=translate,
    config=WebhookConnection,
    terms=_mappings,
    authorisation=lambda config: Authorisation.SIGNATURE,
)
