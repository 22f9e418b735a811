"""Every error of the configuration is named with its line and what was expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.config.loading import load_config, read_config
from streams.schema import ConfigError
from streams.settings import unknown_variables


@pytest.fixture
def problems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("A_KEY", "a-key-of-many-letters")
    monkeypatch.setenv("EMPTY_KEY", "")
    path = tmp_path / "funnelwatch.yaml"

    def of(text: str | bytes) -> list[str]:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return [line.removeprefix(str(path)) for line in read_config(path, with_secrets=True)[1]]

    return of


def test_a_good_file_has_no_errors(problems) -> None:  # type: ignore[no-untyped-def]
    assert problems("stores:\n  - {id: a, zone: Asia/Shanghai, keys: ['env:A_KEY']}\n") == []
    assert problems("") == []
    assert problems(b"\xef\xbb\xbfstores: []\n") == []


RECEIVER = "alerting:\n  receivers: [{name: ops, channel: "


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (
            "stores:\n  - id: a\n    platfrm: shopify\n",
            ":3:5:",
            ["unknown key 'platfrm'", "did you mean 'platform'"],
        ),
        ("stors: []\n", ":1:1:", ["did you mean 'stores'", "thresholds"]),
        (
            "stores:\n  - id: a\n    zone: Asia/Shangai\n",
            ":3:11:",
            ["Asia/Shangai", "did you mean 'Asia/Shanghai'"],
        ),
        ("stores:\n  - id: a\n    zone: Beijing\n", ":3:11:", ["did you mean 'Asia/Shanghai'"]),
        ("stores:\n  - id: a\n    zone: Mars/Base\n", ":3:11:", ["Mars/Base", "IANA"]),
        ("alerting: {base_currency: RMB}\n", ":1:27:", ["ISO 4217", "CNY"]),
        ("thresholds: {notice: high}\n", ":1:22:", ["expected a number; it is 'high'"]),
        ("alerting: {route: {group_wait: 10}}\n", ":1:32:", ["invalid duration '10'", "30s"]),
        ("calendar:\n  days: [{from: 2026-13-01}]\n", ":2:17:", ["'2026-13-01' is not a date: month"]),
        ("stores:\n  - id: a\n    country: NO\n", ":3:14:", ["expected text, not False", "quotes"]),
        ("stores:\n  - id: a\n    currency: yuan\n", ":3:15:", ["three capital letters"]),
        ("stores:\n  - id: a\n    platform: shopfy\n", ":3:15:", ["did you mean 'shopify'"]),
        ("stores:\n  - name: x\n", ":2:5:", ["stores[0].id is missing"]),
        ("stores:\n  - id: a\n  - id: b\n  - id: a\n", ":4:9:", ["'a' is given twice"]),
        ("stores: x\n", ":1:9:", ["expected a list; it is 'x'"]),
        ("- a\n", ":1:1:", ["expected a mapping"]),
        ("segments:\n  most: 3\n  most: 4\n", ":3:3:", ["'most' is given twice", "line 2"]),
        ("thresholds: {notice: 8, page: 7}\n", ":1:13:", ["page must not be below notice"]),
        ("stores:\n\t- id: a\n", ":2:1:", ["not YAML", "tab"]),
        ("stores: [\n", ":2:1:", ["not YAML"]),
        (
            "stores:\n  - id: a\n    keys: [plain]\n",
            ":3:12:",
            ["must not be written into this file", "env:NAME"],
        ),
        ("stores:\n  - id: a\n    keys: ['env:NOT_SET_AT_ALL']\n", ":3:12:", ["NOT_SET_AT_ALL is not set"]),
        ("stores:\n  - id: a\n    keys: ['file:/no/such']\n", ":3:12:", ["/no/such", "No such file"]),
        ("stores:\n  - id: a\n    pixel_keys: [plain]\n", ":3:18:", ["must not be written into this file"]),
        ("stores:\n  - id: a\n    pixel_keys: ['env:NOT_SET']\n", ":3:18:", ["NOT_SET is not set"]),
        ("stores:\n  - id: a\n    keys: ['env:EMPTY_KEY']\n", ":3:12:", ["EMPTY_KEY is empty"]),
        ("stores:\n  - id: a\n    currency: XXQ\n", ":3:15:", ["'XXQ' is not an ISO 4217 code"]),
        ("stores: &a [*a]\n", ":1:1:", ["within its own anchor"]),
        ("digests: [{name: li, to: [a@b.c], hour: 27}]\n", ":1:41:", ["'27:00'", "a time of day"]),
        ("alerting:\n  route:\n    receiver: zz\n", ":3:15:", ["unknown receiver 'zz'"]),
        (f"{RECEIVER}fax}}]\n", ":2:36:", ["receivers[0].channel: unknown value 'fax'", "one of: email, "]),
        (f"{RECEIVER}emial}}]\n", ":2:36:", ["did you mean 'email'? Expected one of"]),
        ("alerting:\n  receivers: [{name: ops}]\n", ":2:15:", ["receivers[0].channel is missing"]),
        (f"{RECEIVER}email}}]\n", ":2:22:", ["receivers[0]: receiver 'ops': an email receiver needs `to`"]),
        (f"{RECEIVER}email, to: x}}]\n", ":2:47:", ["receivers[0].to: expected a list; it is 'x'"]),
        (f"{RECEIVER}slack}}]\n", ":2:22:", ["a slack receiver needs `url` (env:NAME or file:PATH)"]),
        (
            f"{RECEIVER}console, urll: 'env:X'}}]\n",
            ":2:45:",
            ["unknown key 'urll'; expected one of: channel, language, name, per_minute, zone"],
        ),
        (f"{RECEIVER}slack, url: plain}}]\n", ":2:48:", ["must not be written into this file"]),
        (f"{RECEIVER}apprise, url: 'env:NOT_SET'}}]\n", ":2:50:", ["NOT_SET is not set"]),
    ],
)
def test_an_error_names_its_place(problems, text: str, place: str, words: list[str]) -> None:  # type: ignore[no-untyped-def]
    (found,) = problems(text)
    assert found.startswith(place)
    assert [word for word in words if word not in found] == []


def test_all_errors_are_named_in_the_order_of_the_file(problems) -> None:  # type: ignore[no-untyped-def]
    found = problems("stores:\n  - id: a\n    zone: X\n    zzz: 1\nsegments: {most: 99}\nother: 1\n")
    assert [line.split(":")[1] for line in found] == ["3", "4", "5", "6"]


def test_errors_that_hide_behind_others_are_named_with_them(problems) -> None:  # type: ignore[no-untyped-def]
    found = problems(
        "stores:\n  - id: bad id\n    zone: X\n  - id: b\n  - id: b\n"
        "thresholds: {notice: 8, page: 7, colour: red}\n"
        "alerting:\n  receivers: [{name: x, channel: fax}]\n  route: {receiver: nobody}\n"
        "digests: [{name: li, to: [not-an-address]}]\n"
    )
    assert [line.split(":")[1] for line in found] == ["2", "3", "5", "6", "6", "8", "9", "10"]
    assert "'b' is given twice" in found[2]
    assert "page must not be below notice" in found[3]
    assert "unknown receiver 'nobody'" in found[6]


def test_a_variable_that_looks_like_a_setting_and_is_none_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUNNELWATCH_PARTITION", "8")
    monkeypatch.setenv("FUNNELWATCH_LINK_KEY_FILE", "/run/secrets/link")
    monkeypatch.setenv("FUNNELWATCH_SHOP_KEY", "k")
    (found,) = unknown_variables("stores: [{id: a, keys: ['env:FUNNELWATCH_SHOP_KEY']}]")
    assert "unknown setting FUNNELWATCH_PARTITION; did you mean FUNNELWATCH_PARTITIONS?" in found


def test_bytes_that_are_not_text_are_named(problems) -> None:  # type: ignore[no-untyped-def]
    assert "is not UTF-8 text: byte 8 is 0xff" in problems(b"stores: \xff")[0]


def test_loading_a_bad_file_raises_with_all_errors(tmp_path: Path) -> None:
    path = tmp_path / "funnelwatch.yaml"
    path.write_text("a: 1\nb: 2\n")
    with pytest.raises(ConfigError, match=r"(?s)yaml:1:1:.*yaml:2:1:"):
        load_config(path)


def test_a_misspelled_source_was_also_asked_for_what_another_needs(problems) -> None:  # type: ignore[no-untyped-def]
    (only,) = problems("stores: [{id: a}]\nconnections: [{name: c, source: shopifi, store: a}]\n")
    assert "did you mean 'shopify'" in only


def test_quiet_hours_without_quotes_were_rejected_as_numbers(problems) -> None:  # type: ignore[no-untyped-def]
    assert problems("alerting: {mute_timings: [{name: n, zone: UTC, start: 22:00, end: 7:00}]}\n") == []
