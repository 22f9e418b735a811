"""What a registry holds is seen everywhere: reference, settings page, names on pages, metrics' labels, rules, runbook, configuration.

A channel or source that is in its tuple and not in one of these places, or in a place and no longer in the tuple, fails here.
"""

import re

import pytest
import yaml

from scoring.events.event import Source
from streams.channels.registry import CHANNELS
from streams.config.model import Config
from streams.sources.registry import SOURCES, words_of
from streams.web.settings.effective import source_lines
from tests.places import ROOT

DEPLOY = ROOT / "deploy"
RULES = {
    rule["alert"]: rule["expr"]
    for group in yaml.safe_load((DEPLOY / "prometheus" / "rules.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
}
RUNBOOKS = [
    (DEPLOY / "runbook.md").read_text("utf-8"),
    (DEPLOY / "docs" / "zh" / "runbook.md").read_text("utf-8"),
]
CHANNEL_NAMES = {spec.name for spec in CHANNELS}


def labels(name: str) -> set[str]:
    """The values of a label in the rules' own tests."""
    return set(re.findall(rf'{name}="(\w+)"', (DEPLOY / "prometheus" / "rules_test.yml").read_text("utf-8")))


def rows(document: str) -> set[str]:
    text = (DEPLOY / "docs" / "reference" / document).read_text("utf-8")
    return set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))


def test_the_reference_has_a_row_for_each_channel_and_source() -> None:
    assert rows("channels.md") == CHANNEL_NAMES
    assert rows("sources.md") == {source.name for source in SOURCES}


def test_a_channel_of_the_configuration_is_one_of_the_registry_and_the_schema_lists_them() -> None:
    receivers = Config.model_json_schema()["$defs"]["AlertingConfig"]["properties"]["receivers"]
    assert set(receivers["items"]["discriminator"]["mapping"]) == CHANNEL_NAMES


def test_the_rules_are_for_every_channel_and_door_and_their_tests_name_real_ones() -> None:
    assert "sum by (channel)" in RULES["FunnelwatchMessagesFail"]
    assert "sum by (source)" in RULES["FunnelwatchStaleSource"]
    assert labels("channel") <= CHANNEL_NAMES
    assert labels("source") <= {str(way) for way in Source} | {source.name for source in SOURCES}


def test_the_runbooks_lead_to_the_rows_of_the_registries() -> None:
    for text in RUNBOOKS:
        entries = dict(re.findall(r"^## (Funnelwatch\w+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
        assert "reference/sources.md" in entries["FunnelwatchStaleSource"]
        assert "reference/channels.md" in entries["FunnelwatchMessagesFail"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_way_an_event_comes_in_has_a_name_of_its_own_on_the_page(language: str) -> None:
    names = [words_of(way)(language) for way in Source]  # type: ignore[arg-type]
    assert len(set(names)) == len(names)
    for source in SOURCES:
        assert all(source.words(language) in words_of(way)(language) for way in source.events_as)  # type: ignore[arg-type]


def test_the_settings_page_has_a_line_for_each_source() -> None:
    assert [line.words for line in source_lines()] == [source.words for source in SOURCES]
    assert all(line.stages for line in source_lines())
