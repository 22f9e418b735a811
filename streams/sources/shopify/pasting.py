"""Texts to paste at Shopify: the web pixel, and the webhooks and scopes of the app's configuration."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files

from scoring.wording.text import Text
from streams.sources.connection import Connection
from streams.sources.shopify.config import ShopifyConnection
from streams.sources.shopify.mapping import WANTED
from streams.sources.shopify.states import SCOPES
from streams.sources.source import PasteText

#: what public apps must take; nothing but pseudonyms is kept here
_COMPLIANCE = ("customers/data_request", "customers/redact", "shop/redact")


def pastes(connection: Connection, collector: str, key: str) -> Sequence[PasteText]:
    """The texts for one connection."""
    return (
        PasteText(
            Text(
                "网页像素：Shopify 后台 > 设置 > 客户事件 > 添加自定义像素",
                "Web pixel: Shopify admin > Settings > Customer events > Add custom pixel",
            ),
            pixel(collector, key, connection.stores[0]),
        ),
        PasteText(
            Text(
                "应用的 shopify.app.toml：权限与 Webhook", "The app's shopify.app.toml: scopes and webhooks"
            ),
            app_settings(connection.config, collector),
        ),
    )


def pixel(collector: str, key: str, store: str) -> str:
    """The pixel with its settings; each is written as text inside of quotes, whatever it holds."""
    text = files("streams.sources.shopify").joinpath("static/pixel.js").read_text("utf-8")
    for place, value in (("COLLECTOR", collector.rstrip("/")), ("KEY", key), ("STORE", store)):
        text = text.replace(f"'%{place}%'", json.dumps(value))
    return text


def app_settings(config: ShopifyConnection, collector: str) -> str:
    """Scopes and subscriptions as the app's own file has them."""
    topics = [topic for topic in WANTED if config.carts or not topic.startswith("carts/")]
    scopes = [scope for scope in SCOPES if config.buyers or scope != "read_customers"]
    uri = f"{collector.rstrip('/')}/v1/hooks/shopify/{config.name}"
    return "\n".join(
        (
            "[access_scopes]",
            f"scopes = {json.dumps(','.join(scopes))}",
            "",
            "[webhooks]",
            f"api_version = {json.dumps(config.version)}",
            "",
            "[[webhooks.subscriptions]]",
            f"topics = {json.dumps(topics)}",
            f"uri = {json.dumps(uri)}",
            "",
            "[[webhooks.subscriptions]]",
            f"compliance_topics = {json.dumps(list(_COMPLIANCE))}",
            f"uri = {json.dumps(uri)}",
            "",
        )
    )
