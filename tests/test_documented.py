"""The README says what there is: settings, metrics, topics, reject reasons, views, and the path of one event."""

import re

import yaml

from deploy.document import README, TABLES, documented
from scoring.events.event import RejectReason
from streams.config.model import Config
from streams.kafka.topics import TOPICS
from streams.settings import Settings
from tests.places import ROOT

TEXT = README.read_text(encoding="utf-8")


def test_the_readme_s_tables_are_what_the_code_says() -> None:
    assert documented(TEXT) == TEXT, "run: python -m deploy.document"


def test_every_setting_topic_and_reject_reason_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
    tables = {name: make() for name, make in TABLES.items()}
    assert [t.name for t in TOPICS if f"`{t.name}`" not in tables["topics"]] == []
    assert [r.value for r in RejectReason if f"`{r.value}`" not in tables["reasons"]] == []
    assert tables["metrics"].count("\n") > 30


def test_the_path_of_one_event_is_at_most_nine_files_that_exist() -> None:
    section = TEXT.partition("## The path of one event")[2].partition("## ")[0]
    files = re.findall(r"^\d+\. `([\w/]+\.py)`", section, re.MULTILINE)
    assert 5 <= len(files) <= 9
    assert [name for name in files if not (ROOT / name).is_file()] == []
    assert [
        name for name in files if "On the path of an event" not in (ROOT / name).read_text(encoding="utf-8")
    ] == []


def test_every_view_is_named() -> None:
    sql = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "deploy" / "clickhouse").glob("*.sql")
    )
    views = set(re.findall(r"CREATE OR REPLACE VIEW \$\{database\}\.(\w+)", sql)) - {"actions"}
    assert {view for view in views if f"`{view}`" not in TEXT} == set()


def test_the_readme_s_configuration_is_valid() -> None:
    blocks = re.findall(r"(?:^    .*\n)+", TEXT, re.MULTILINE)
    parts = [yaml.safe_load(block) for block in blocks if re.match(r"    (stores|alerting|digests):", block)]
    whole = {key: value for part in parts for key, value in part.items()}
    config = Config.model_validate(whole)
    assert (len(config.stores), len(config.alerting.receivers), len(config.digests)) == (1, 2, 2)
