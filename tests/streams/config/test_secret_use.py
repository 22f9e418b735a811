"""`check` looks at what is behind references: keys of two kinds, short ones, addresses that nobody can post to."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.config.loading import read_config


def problems(folder: Path, text: str, with_secrets: bool = True) -> str:
    path = folder / "funnelwatch.yaml"
    path.write_text(text, encoding="utf-8")
    return "\n".join(read_config(path, with_secrets)[1])


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "ONE": "a-key-of-many-letters",
        "SAME": "a-key-of-many-letters",
        "OTHER": "another-key-of-many",
        "SHORT": "k",
        "FILE": "file:///etc/passwd",
        "GOPHER": "gopher://host/1",
        "HOOK": "https://hooks.example/x",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("pixel", ["env:ONE", "env:SAME"])
def test_a_key_that_appears_in_pages_may_not_be_a_servers_key(tmp_path: Path, pixel: str) -> None:
    found = problems(tmp_path, f"stores: [{{id: a, keys: [env:ONE], pixel_keys: [{pixel}]}}]")
    assert "is also in `keys` of store a" in found
    found = problems(tmp_path, f"stores: [{{id: a, keys: [env:ONE]}}, {{id: b, pixel_keys: [{pixel}]}}]")
    assert "is also in `keys` of store a" in found


def test_one_key_of_one_kind_for_two_stores_is_fine(tmp_path: Path) -> None:
    text = "stores: [{id: a, keys: [env:ONE], pixel_keys: [env:OTHER]}, {id: b, keys: [env:SAME]}]"
    assert problems(tmp_path, text) == ""


def test_a_key_of_one_letter_is_an_error(tmp_path: Path) -> None:
    assert "has 1 characters" in problems(tmp_path, "stores: [{id: a, keys: [env:SHORT]}]")


@pytest.mark.parametrize(("name", "is_fine"), [("FILE", False), ("GOPHER", False), ("HOOK", True)])
def test_a_receivers_address_is_a_web_address(tmp_path: Path, name: str, is_fine: bool) -> None:
    text = f"alerting: {{receivers: [{{name: r, channel: webhook, url: env:{name}, secret: env:ONE}}], route: {{receiver: r}}}}"
    assert (problems(tmp_path, text) == "") == is_fine


@pytest.mark.parametrize(
    "text",
    [
        'alerting: {receivers: [{name: r, channel: email, to: ["nobody"]}], route: {receiver: r}}',
        'alerting: {receivers: [{name: r, channel: email, to: ["a@b.example\\r\\nBcc: x@y.example"]}], route: {receiver: r}}',
        'alerting: {receivers: [{name: r, channel: email, to: ["a@b.example\\0"]}], route: {receiver: r}}',
        'stores: [{id: a, name: "zero\\0"}]',
        'stores: [{id: a, name: "\\e[2J"}]',
        'stores: [{id: a, name: "abc\\u202Edef"}]',
        "thresholds: {notice: .inf, page: .inf}",
        "thresholds: {page: .nan}",
        "[" * 5000,
        "a: " * 1 + "{a: " * 3000,
    ],
)
def test_what_would_break_later_is_an_error_here(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text, with_secrets=False) != ""


def test_a_binary_key_file_is_an_error_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xff\xfe\x00")
    found = problems(tmp_path, f"stores: [{{id: a, keys: ['file:{tmp_path / 'key'}']}}]")
    assert "is not UTF-8 text" in found
    assert ":1:" in found
