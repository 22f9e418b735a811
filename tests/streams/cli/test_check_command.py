"""`check` as a command: what it says, and how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from streams.cli.main import app


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def check(folder: Path, text: str) -> tuple[int, str]:
    (folder / "funnelwatch.yaml").write_text(text, encoding="utf-8")
    ran = CliRunner().invoke(app, ["check", "--data", str(folder)])
    return ran.exit_code, ran.output


def test_one_store_is_not_called_stores(tmp_path: Path) -> None:
    code, said = check(tmp_path, "stores: [{id: a}]")
    assert (code, "1 store, 0 receivers, no errors" in said) == (0, True)


def test_what_can_never_match_is_an_error_with_its_place(tmp_path: Path) -> None:
    code, said = check(
        tmp_path, "stores: [{id: a}]\ndigests: [{name: li, to: [li@x.example], stores: [b-*]}]"
    )
    assert code == 1
    assert "funnelwatch.yaml:2:" in said
    assert "'b-*' is not a store" in said
    assert "1 error\n" in said


def test_a_page_open_to_the_network_without_a_token_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FUNNELWATCH_PAGE_HOST", "0.0.0.0")
    code, said = check(tmp_path, "stores: [{id: a}]")
    assert (code, "without a token" in said) == (1, True)
    monkeypatch.setenv("FUNNELWATCH_PAGE_TOKEN", "a-token-of-many-letters")
    assert check(tmp_path, "stores: [{id: a}]")[0] == 0


def test_what_people_call_a_channel_leads_to_its_name(tmp_path: Path) -> None:
    code, said = check(tmp_path, "alerting: {receivers: [{name: a, channel: lark, url: env:X}]}")
    assert (code, "did you mean 'feishu'?" in said) == (1, True)
    assert "CNY" in check(tmp_path, "stores: [{id: a, currency: RMB}]")[1]


def test_the_file_could_only_be_given_as_an_option(tmp_path: Path) -> None:
    file = tmp_path / "other.yaml"
    file.write_text("stores: [{id: a}, {id: b}]", encoding="utf-8")
    for arguments in ([str(file)], ["--config", str(file)], [str(file), "--config", str(file)]):
        ran = CliRunner().invoke(app, ["check", *arguments])
        assert (ran.exit_code, "other.yaml: 2 stores" in ran.output) == (0, True), arguments
    missing = CliRunner().invoke(app, ["check", "missing.yaml"])
    assert (missing.exit_code, "missing.yaml is not a file" in missing.output) == (2, True)
    both = CliRunner().invoke(app, ["check", str(file), "--config", "funnelwatch.yaml"])
    assert (both.exit_code, "give one" in both.output) == (2, True)
