"""``funnelwatch report check``: every number of a report derived again from the store, and one that was changed is found."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scoring.wording.catalogue import step_name
from streams.cli import report, report_check
from streams.cli.main import app
from streams.config.model import Config
from streams.evaluation.places import hold, said_by
from tests.fixtures.clickhouse import Store
from tests.fixtures.evaluation_seed import ZONE, insert_year
from tests.fixtures.exports import written
from tests.fixtures.page import PAGE_DATABASE, RunningPage, page_settings

STORE = "checked-store"
Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def reports(
    page: RunningPage, clickhouse: Store, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """A store's report in both languages and as data."""
    insert_year(clickhouse.client(PAGE_DATABASE), page.now_ms, STORE, seed=77)
    out = tmp_path_factory.mktemp("reports")
    settings = page_settings(clickhouse, out, clickhouse_database=PAGE_DATABASE)
    config = Config.model_validate(
        {
            "stores": [
                {"id": STORE, "zone": ZONE, "ship_within_days": 2},
                {"id": "not-yet", "zone": ZONE},
                {"id": "checked-too", "zone": ZONE},
            ],
            "groups": [{"name": "all-of-them", "stores": ["*"]}],
            "targets": [
                {"of": "logistics.time_to_ship", "value": 20, "set_by": "plan"},
                {"of": "step:order_to_payment", "value": 0.45, "stores": [STORE]},
            ],
        }
    )
    insert_year(clickhouse.client(PAGE_DATABASE), page.now_ms, "checked-too", back=6, seed=78)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(report, "running_instance", lambda _: settings)
        patched.setattr(report, "configuration", lambda _: config)
        for language in ("zh", "en"):
            asked = ["report", "--store", STORE, "--language", language, "--out", str(out / language)]
            done = CliRunner().invoke(app, [*asked, "--format", "html", "--format", "json"])
            assert done.exit_code == 0, done.output
        asked = ["report", "--group", "all-of-them", "--language", "en", "--out", str(out)]
        done = CliRunner().invoke(app, [*asked, "--format", "html", "--format", "json"])
        assert "not-yet: no complete period is known yet" in done.output
        assert done.exit_code == 0, done.output
        unknown = CliRunner().invoke(app, ["report", "--group", "nobody"])
        assert "unknown group 'nobody'; expected one of: all-of-them" in unknown.output
    return {
        "group": out / "all-of-them.html",
        "group_json": out / "all-of-them.json",
        "zh": out / "zh" / f"{STORE}.html",
        "en": out / "en" / f"{STORE}.html",
        "json": out / "en" / f"{STORE}.json",
    }


@pytest.fixture
def check(clickhouse: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    settings = page_settings(clickhouse, tmp_path, clickhouse_database=PAGE_DATABASE)
    monkeypatch.setattr(report_check, "running_instance", lambda _: settings)

    def run(file: Path, *more: object) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["report", "check", str(file), *map(str, more)])
        return done.exit_code, done.output

    return run


@pytest.mark.parametrize("form", ["zh", "en", "json", "group", "group_json"])
def test_every_number_of_a_report_is_derived_again(reports: dict[str, Path], check: Run, form: str) -> None:
    code, said = check(reports[form], "--json")
    found = json.loads(said)
    assert code == 0, found
    assert found["numbers"] == found["equal"] > 200
    assert (found["differ"], found["underived"], found["why"]) == ([], 0, {})


def test_a_report_says_how_its_targets_came_out_and_whose_they_are(reports: dict[str, Path]) -> None:
    said = said_by(reports["en"].read_text("utf-8"))
    place = f"Store evaluation · {STORE} › Targets: was it reached? › "
    assert re.fullmatch(
        r"missed: [\d.]+ h, target 20 h, [\d.]+ h over", said[place + "Time to ship › Result"]
    )
    assert said[place + "Time to ship › Role"] == "Logistics"
    paid = step_name("order_to_payment", "en")
    value = said[f"Store evaluation · {STORE} › Steps of the funnel › {paid} › Value"]
    assert re.fullmatch(r"[56]\d(\.\d)?%", value)  # of whichever month is the newest
    assert said[f"{place}{paid} › Result"].startswith(f"met: {value}, target 45%")
    assert said[f"Store evaluation · {STORE} › Losses by role › Logistics › Targets"] == "0 of 1 met"


@pytest.mark.parametrize(
    ("form", "old", "new", "place"),
    [
        (
            "group",
            r"(<td>Time to ship</td><td[^>]*>)\d+",
            r"\g<1>88",
            f"{STORE} › Indicators › Time to ship › Score",
        ),
        ("en", r"(<td>Time to ship</td><td[^>]*>)\d+", r"\g<1>88", "Indicators › Time to ship › Score"),
        ("zh", r'(<circle cx=")[\d.]+', r"\g<1>91.5", "picture"),
        ("en", r"(stage IN \(&#39;)click", r"\g<1>order", "Where the numbers come from"),
        ("json", r'("k": )\d+', r"\g<1>7", "indicators › "),
    ],
)
def test_a_number_that_was_changed_in_the_file_is_found(
    reports: dict[str, Path], check: Run, tmp_path: Path, form: str, old: str, new: str, place: str
) -> None:
    text, count = re.subn(old, new, reports[form].read_text("utf-8"), count=1)
    assert count == 1
    changed = tmp_path / reports[form].name
    changed.write_text(text, "utf-8")
    code, said = check(changed, "--json")
    assert code == 1
    (one,) = json.loads(said)["differ"]
    assert place in one["place"]
    code, said = check(changed)
    assert (code, one["place"] in said, "1 place differ" in said) == (1, True, True)


def test_what_nothing_says_and_what_is_missing_are_named(
    reports: dict[str, Path], check: Run, tmp_path: Path
) -> None:
    text = reports["en"].read_text("utf-8")
    added = tmp_path / "added.html"
    added.write_text(text.replace("</body>", "<p>We grew by 40 percent.</p></body>"), "utf-8")
    code, said = check(added)
    assert (
        code,
        "not derived again: 1 number: Store evaluation · checked-store › Indicators › p: nothing that the store knows"
        in said,
    ) != (
        0,
        True,
    )
    assert code == report_check.UNDERIVED
    less = tmp_path / "less.html"
    less.write_text(re.sub(r"<tr><td>Time to ship</td>.*?</tr>", "", text, flags=re.DOTALL), "utf-8")
    code, said = check(less)
    assert (code, "file:  (nothing)" in said) == (1, True)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"weights_version": 999}, "scored with weights version 999"),
        ({"store": "nobody"}, "know nothing of this store in this period any more"),
        ({"known_until_ms": 1_000_000_000_000}, "know nothing of this store in this period any more"),
    ],
)
def test_numbers_that_cannot_be_derived_again_say_why(
    reports: dict[str, Path], check: Run, tmp_path: Path, change: dict[str, object], why: str
) -> None:
    text = reports["zh"].read_text("utf-8")
    for name, value in change.items():
        text = re.sub(rf'("{name}":)("[^"]*"|\d+)', lambda found: found[1] + json.dumps(value), text)  # noqa: B023
    other = tmp_path / "other.html"
    other.write_text(text, "utf-8")
    code, said = check(other)
    assert (code, why in said, "0 derived again" in said) == (report_check.UNDERIVED, True, True)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<!doctype html><p>7</p>", "says nowhere which numbers"),
        (b"{", "says nowhere which numbers"),
        (b"{" * 100_000, "says nowhere which numbers"),
        (b'{"way_back": {"form": 1}}', "says nowhere which numbers"),
        (b"%PDF-1.4", "cannot be read as a PDF"),
        (b"\xff\xfe\x00", "not UTF-8 text"),
    ],
)
def test_a_file_that_holds_something_else_is_named(
    check: Run, tmp_path: Path, content: bytes, why: str
) -> None:
    file = tmp_path / "report.html"
    file.write_bytes(content)
    code, said = check(file)
    assert (code, why in said) == (1, True), said
    code, said = check(tmp_path / "none.html")
    assert (code, "No such file" in said) == (1, True)


def test_a_report_made_from_files_is_checked_with_the_files(check: Run, tmp_path: Path) -> None:
    exports = tmp_path / "exports"
    exports.mkdir()
    written(exports, days_long=100)
    asked = ["evaluate", str(exports), "--zone", "Asia/Shanghai", "--out", str(tmp_path), "--format", "html"]
    assert CliRunner().invoke(app, [*asked, "--format", "json"]).exit_code == 0
    for name in ("evaluation.html", "evaluation.json"):
        code, said = check(tmp_path / name)
        assert (code, "give them with --files" in said) == (1, True)
        assert check(tmp_path / name, "--files", exports)[0] == 0
        orders = next(one for one in exports.rglob("*") if one.suffix == ".csv")
        code, said = check(tmp_path / name, "--files", orders)
        assert code in (1, report_check.UNDERIVED)


def test_places_have_names_that_a_person_finds_again() -> None:
    page = """<h1>Report</h1><p>1 of 2</p><h2>Steps</h2><table><tr><th>Name</th><th>Score</th></tr>
    <tr><td>Paying</td><td>71 <b>(60–80)</b><svg><circle cx="71"/></svg></td></tr></table><ul><li>3</li><li>4</li></ul>"""
    said = said_by(page)
    assert said["Report › Steps › Paying › Score"] == "71 (60–80)"
    assert said["Report › Steps › Paying › picture"] == "cx=71"
    assert said["Report › Steps › li (2)"] == "4"
    held = hold(said, said_by(page.replace("71 <b>", "72 <b>")))
    assert [(one.place, one.in_file) for one in held.differing] == [
        ("Report › Steps › Paying › Score", "71 (60–80)")
    ]
    assert held.same == 7
