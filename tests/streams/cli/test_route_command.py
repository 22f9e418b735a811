"""``funnelwatch route explain`` for alerts that have not happened: by the configuration alone, without an instance."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streams.cli.main import app

CONFIG = """
stores: [{id: cn-shop, zone: Asia/Shanghai, country: CN, platform: taobao}]
alerting:
  receivers: [{name: ops, channel: console}, {name: pager, channel: console}]
  route:
    receiver: ops
    routes:
      - {name: page, match: ["severity=critical"], receiver: pager, continues: true}
      - {name: china, match: ["country=CN"], mute: [night]}
  mute_timings: [{name: night, zone: Asia/Shanghai, start: "22:00", end: "07:30"}]
"""


@pytest.fixture
def ask(tmp_path: Path) -> object:
    (tmp_path / "funnelwatch.yaml").write_text(CONFIG)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["route", "explain", *arguments, "--data", str(tmp_path)])

    return run


def test_every_route_of_a_supposed_alert_is_shown_with_its_reason(ask: object) -> None:
    out = ask("--label", "store_id=cn-shop", "--at", "2026-11-11T23:30+08:00")  # type: ignore[operator]
    assert out.exit_code == 0, out.output
    supposed, page, china = out.output.strip().splitlines()
    assert "severity=critical platform=taobao country=CN" in supposed
    assert page.startswith("page → pager: wait — waiting for others in its group")
    assert china.startswith("china → ops: wait — held by mute timing night")
    assert "23:30" in china or "until 11-1" in china


def test_a_notice_by_day_reaches_one_receiver(ask: object) -> None:
    out = ask("--label", "store_id=cn-shop", "--label", "level=notice", "--at", "2026-11-11T12:00+08:00")  # type: ignore[operator]
    assert [row.split(":")[0] for row in out.output.strip().splitlines()[1:]] == ["china → ops"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "expected an alert id"),
        (("a1", "--label", "level=page"), "expected an alert id"),
        (("--label", "shop=x"), "unknown label 'shop'"),
        (("--label", "level=loud"), "unknown level 'loud'; expected one of: notice, page"),
    ],
)
def test_a_question_that_makes_no_sense_is_answered_with_what_is_meant(
    ask: object, arguments: tuple[str, ...], said: str
) -> None:
    out = ask(*arguments)  # type: ignore[operator]
    assert out.exit_code == 1
    assert said in out.output
