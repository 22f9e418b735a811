"""The source ``shopify``: webhooks of an app, verified over the raw bytes, and the GraphQL Admin API behind them."""

from __future__ import annotations

from typing import Any

from scoring.events.event import Source
from scoring.funnel.stages import Stage
from scoring.records.order_facts import OrderChannel
from scoring.sources.ending_dates import TOKEN_WITHOUT_END, Offer
from scoring.sources.endings import Use
from scoring.sources.signatures import DigestCode, SignatureScheme, SignatureVerdict, verify
from scoring.wording.text import Text
from streams.sources.connection import Connection
from streams.sources.shopify.asking import asking
from streams.sources.shopify.config import ShopifyConnection
from streams.sources.shopify.fields import KEPT, OPENED, PEOPLE
from streams.sources.shopify.mapping import VERSION_HEADERS, translate
from streams.sources.shopify.pasting import pastes
from streams.sources.shopify.polling import polls
from streams.sources.shopify.reading import ShopifyTerms
from streams.sources.shopify.second_way import second_way
from streams.sources.shopify.states import SCOPES
from streams.sources.source import (
    Authorisation,
    Hook,
    HookAnswer,
    HookLabel,
    HookRequest,
    SourceSpec,
    Supply,
)

#: webhooks have the first spelling, the newer "Events" the second
_SPELLINGS = ("X-Shopify-", "Shopify-")


def verify_delivery(request: HookRequest, connection: Connection) -> SignatureVerdict:
    """Whether the app's secret signed the raw bytes, for the shop of this connection.

    All shops of an app share its secret, and headers are not signed: the shop must be this connection's.
    """
    config: ShopifyConnection = connection.config
    secrets = [connection.secret(one) for one in (config.secret, config.old_secret) if one]
    scheme = SignatureScheme(f"{_spelling(request)}Hmac-Sha256", code=DigestCode.BASE64)
    verdict = verify(scheme, request.raw, request.headers, secrets, request.now_s)
    if verdict is SignatureVerdict.GENUINE and _header(request, "Shop-Domain").lower() != config.shop:
        return SignatureVerdict.OTHER_ACCOUNT
    return verdict


def _spelling(request: HookRequest) -> str:
    return next((one for one in _SPELLINGS if f"{one}Hmac-Sha256" in request.headers), _SPELLINGS[0])


def _header(request: HookRequest, name: str) -> str:
    return request.headers.get(f"{_spelling(request)}{name}", "").strip()


def handshake(request: HookRequest, connection: Connection) -> HookAnswer | None:
    """Shopify does not check an address before it delivers."""
    return None


def label(request: HookRequest, document: Any, connection: Connection) -> HookLabel:
    """Topic and id of a delivery; a retry has the same id. One action can raise several topics with one event id."""
    return HookLabel(
        _header(request, "Topic"), _header(request, "Webhook-Id") or _header(request, "Event-Id")
    )


def _terms(config: ShopifyConnection) -> ShopifyTerms:
    return ShopifyTerms(
        config.version,
        tuple(word.lower() for word in config.cod),
        config.carts,
        {name.strip().lower(): OrderChannel(channel) for name, channel in config.channels.items()},
    )


def _lacks(config: ShopifyConnection) -> frozenset[Stage]:
    """Carts count where they are turned on, and repurchase needs the customer's id."""
    needed = {Stage.ADD_TO_CART: config.carts, Stage.REPURCHASE: config.buyers}
    return frozenset(stage for stage, has in needed.items() if not has)


def _authorisation(config: ShopifyConnection) -> Authorisation:
    if config.access == "none":
        return Authorisation.SIGNATURE
    return Authorisation.KEY if config.access == "token" else Authorisation.TOKEN


def _uses(config: ShopifyConnection) -> list[Use]:
    token = [Use(Offer.SHOPIFY_TOKEN, TOKEN_WITHOUT_END)] if config.access == "token" else []
    return [Use(Offer.SHOPIFY_API, config.version), *token]


SOURCE = SourceSpec(
    name="shopify",
    words=Text("Shopify", "Shopify"),
    supplies={
        Stage.ADD_TO_CART: Supply.STATUS,
        Stage.ORDER: Supply.EVENT,
        Stage.PAYMENT: Supply.EVENT,
        Stage.FULFILMENT: Supply.EVENT,
        Stage.REPURCHASE: Supply.STATUS,
    },
    definition=Text(
        "下单：结账完成（processed_at）；支付：已收款的时间（手动收款为标记时间），仅授权或部分收款不算；履约：第一个包裹的发货记录生成；"
        "复购：按客户编号的化名计算。看不到曝光和点击，请粘贴网页像素；货到付款在收款前不算支付。",
        "Order: checkout done (processed_at). Payment: when the whole amount was captured or marked as paid; authorised and partly paid are "
        "not. Fulfilment: the first parcel's record was made. Repurchase: by the pseudonym of the customer's id. It sees no impressions "
        "and clicks: paste the web pixel. Cash on delivery is not paid before it is collected.",
    ),
    events_as=(Source.WEBHOOK, Source.POLL),
    hook=Hook(
        verify=verify_delivery,
        handshake=handshake,
        label=label,
        kept_headers=(*VERSION_HEADERS, *(f"{one}Triggered-At" for one in _SPELLINGS)),
        people=lambda connection: PEOPLE,
        kept=lambda connection: OPENED,
        only=lambda connection: KEPT,
    ),
    polls=polls,
    asking=asking,
    translate=translate,
    second_way=second_way,
    has_second_way=lambda config: config.access != "none",
    lacks=_lacks,
    config=ShopifyConnection,
    terms=_terms,
    authorisation=_authorisation,
    scopes=SCOPES,
    uses=_uses,
    pastes=pastes,
)
