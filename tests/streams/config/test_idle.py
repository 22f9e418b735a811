"""`check` names what can never matter: conditions no alert fulfils, unknown labels, patterns without a store."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.config.loading import read_config

STORES = "stores: [{id: us-shop, platform: shopify, country: US}, {id: de-shop, country: DE}]\n"


def problems(folder: Path, text: str, stores: str = STORES) -> list[str]:
    path = folder / "funnelwatch.yaml"
    path.write_text(stores + text, encoding="utf-8")
    return [line.removeprefix(str(path)) for line in read_config(path, with_idle=True)[1]]


def routed(route: str) -> str:
    return f"alerting: {{receivers: [{{name: c, channel: console}}], route: {route}}}"


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        ("{routes: [{match: [sev=critical]}]}", "unknown label 'sev'; did you mean 'severity'?"),
        (
            "{routes: [{match: [severity=high]}]}",
            "unknown severity 'high'; expected one of: info, warning, critical",
        ),
        ("{match: [store_id=us-shopp]}", "unknown store_id 'us-shopp'; did you mean 'us-shop'?"),
        ('{match: ["store_id=~fr-.*"]}', "no store_id matches; there are us-shop, de-shop"),
        ("{match: [platform=amazon]}", "unknown platform 'amazon'; expected one of: other, shopify"),
        ("{match: [country=FR]}", "unknown country 'FR'; expected one of: DE, US"),
        ("{match: [step=order_to_pay]}", "unknown step 'order_to_pay'; did you mean 'order_to_payment'?"),
        ("{group_by: [store]}", "unknown label 'store'; did you mean 'store_id'?"),
    ],
)
def test_a_route_that_can_never_match_is_named_with_its_place(
    tmp_path: Path, route: str, expected: str
) -> None:
    (found,) = problems(tmp_path, routed(route))
    assert found.startswith(":2:")
    assert expected in found


@pytest.mark.parametrize(
    "route",
    [
        "{match: [severity=critical, store_id=us-shop, platform=shopify, level!=notice]}",
        '{match: ["store_id=~us-.*", "segment=~ios/.*", "connection=my-shop", "owner=engineering"]}',
        '{match: ["store_id=~pool:.*"]}',
        '{match: ["store_id=pool:platform=shopee"], group_by: [store_id, step, alert_id]}',
        '{match: ["country=", "step=amazon:sessions_to_order_items"]}',
    ],
)
def test_a_route_that_may_match_is_fine(tmp_path: Path, route: str) -> None:
    assert problems(tmp_path, routed(route)) == []


def test_inhibitions_digests_and_days_that_match_nothing_are_named(tmp_path: Path) -> None:
    text = (
        "alerting: {inhibit: [{source: [kind=pool], target: [kind=conversion], equal: [shop]}]}\n"
        "digests: [{name: li, to: [li@shop.example], stores: [fr-*, us-*]}]\n"
        "calendar: {entries: [{name: Sale, first: 2026-03-04, stores: [us-shpo]}]}\n"
    )
    found = problems(tmp_path, text)
    assert len(found) == 4
    for part in (
        "unknown kind 'pool'",
        "unknown label 'shop'",
        "'fr-*' is not a store",
        "did you mean 'us-shop'?",
    ):
        assert any(part in line for line in found), part


def test_without_stores_any_store_may_come(tmp_path: Path) -> None:
    text = "digests: [{name: li, to: [li@shop.example], stores: [fr-*]}]\n"
    assert problems(tmp_path, text + routed("{match: [store_id=a, platform=amazon]}"), "") == []
    assert problems(tmp_path, "", "stores: []\n") == []


def test_a_store_of_no_country_has_no_holidays_and_is_named(tmp_path: Path) -> None:
    (only,) = problems(tmp_path, "", "stores: [{id: a, country: UK}, {id: b, country: GB}]\n")
    assert ":1:27:" in only
    assert "GB" in only
