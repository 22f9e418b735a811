"""Addresses of this machine: a trial shop, or a proxy that adds TLS. Elsewhere a key goes over TLS alone."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from streams.sources.shopee.config import ShopeeConnection
from streams.sources.woocommerce.config import WooCommerceConnection

HERE = ("http://127.0.0.1:8080", "http://localhost/shop", "http://[::1]:80")
ELSEWHERE = (
    "http://shop.example",
    "http://127.0.0.1.example",
    "http://10.0.0.7",
    "ftp://localhost",
    "localhost",
)


def woo(url: str) -> WooCommerceConnection:
    return WooCommerceConnection(source="woocommerce", name="w", store="s", url=url, secret="env:S")


def shopee(url: str) -> ShopeeConnection:
    return ShopeeConnection(
        source="shopee", name="w", store="s", partner_id="1", secret="env:S", shop_id="2", country="SG", callback=url
    )  # fmt: skip


@pytest.mark.parametrize("url", HERE)
def test_a_trial_shop_on_this_machine_could_not_be_connected(url: str) -> None:
    assert woo(url).address("orders") == f"{url}/wp-json/wc/v3/orders"
    assert shopee(url).callback == url


@pytest.mark.parametrize("url", ELSEWHERE)
def test_elsewhere_a_key_is_sent_over_tls_alone(url: str) -> None:
    for connect in (woo, shopee):
        with pytest.raises(ValidationError, match="must begin with https://"):
            connect(url)
