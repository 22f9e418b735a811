"""The schema that editors check ``funnelwatch.yaml`` by takes every example, and nothing that the model rejects for its form."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema
import pytest
import yaml

from deploy import reference
from deploy.document import SCHEMA
from streams.config.model import Config
from tests.places import ROOT

#: dates as they are written: JSON has none
LOADER = type("Loader", (yaml.SafeLoader,), {})
LOADER.yaml_implicit_resolvers = {
    sign: [(tag, form) for tag, form in found if tag != "tag:yaml.org,2002:timestamp"]
    for sign, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
KEYS = set(Config.model_fields)


def parts(text: str) -> Any:
    return yaml.load(text, Loader=LOADER)


def examples() -> list[tuple[str, Any]]:
    """The example of Compose, and what the guides and the README show of the configuration."""
    found = [("docker", parts((ROOT / "deploy/docker/funnelwatch.yaml").read_text(encoding="utf-8")))]
    for page in [ROOT / "README.md", *sorted((ROOT / "deploy/docs").rglob("*.md"))]:
        for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", page.read_text("utf-8"), re.S)):
            content = parts(block)
            if isinstance(content, dict) and set(content) <= KEYS:
                found.append((f"{page.relative_to(ROOT)}-{number}", content))
    return found


EXAMPLES = examples()
VALIDATOR = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_there_are_examples_of_every_part_and_the_schema_is_one() -> None:
    assert len(EXAMPLES) >= 10
    assert {"stores", "alerting", "calendar", "digests"} <= {
        key for _, content in EXAMPLES for key in content
    }
    jsonschema.Draft202012Validator.check_schema(VALIDATOR.schema)


@pytest.mark.parametrize(("name", "content"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_every_example_is_valid(name: str, content: Any) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(content)] == []


@pytest.mark.parametrize(
    "content",
    [
        {"store": []},
        {"stores": [{"id": "a", "platfrom": "shopify"}]},
        {"stores": [{"id": "a", "platform": "ebay"}]},
        {"thresholds": {"notice": "six"}},
        {"alerting": {"receivers": [{"name": "a", "channel": "lark"}]}},
        {"digests": [{"name": "a"}]},
    ],
)
def test_a_wrong_key_or_value_is_seen_while_it_is_written(content: Any) -> None:
    assert list(VALIDATOR.iter_errors(content))


def test_every_key_has_a_meaning() -> None:
    rows = [line.split(" | ") for line in reference.configuration_table().splitlines()[2:]]
    unexplained = [
        cells[0] for cells in rows if not cells[-1].strip(" |") and "the same keys" not in cells[1]
    ]
    assert [key for key in unexplained if not key.strip("| `").endswith((".channel", ".source"))] == []
