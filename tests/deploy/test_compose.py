"""docker-compose.yml says what the Compose specification allows, and what the rest of the project needs of it."""

from __future__ import annotations

import importlib.util
import inspect
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
import yaml

from deploy.grafana.dashboards import PLUGIN_VERSION
from streams.clickhouse import imported, recount, repeats
from streams.config.loading import load_config
from streams.imports import undoing
from streams.instance.grafana import PLUGIN
from streams.roles import ROLES
from streams.settings import Settings
from tests.places import ROOT

UNDOING = {one.__name__: one for one in (imported, recount, repeats, undoing)}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def compose_schema() -> Any:
    # read from the package's folder: its own command needs another click than ours
    spec = importlib.util.find_spec("check_jsonschema")
    assert spec is not None
    assert spec.origin is not None
    return json.loads(
        (Path(spec.origin).parent / "builtin_schemas" / "vendor" / "compose-spec.json").read_text()
    )


def test_it_is_valid_by_the_compose_schema(compose: dict[str, Any]) -> None:
    schema = compose_schema()
    jsonschema.validators.validator_for(schema)(schema).validate(compose)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**compose, "services": {"kafka": {"imgae": "apache/kafka"}}}, schema)


def test_every_role_runs_and_is_watched(compose: dict[str, Any]) -> None:
    for role in ROLES:
        service = compose["services"][role]
        assert service["command"] == ["run", role]
        assert service["healthcheck"]["test"][-1] == role
        assert service["depends_on"] == {"prepare": {"condition": "service_completed_successfully"}}
    commands = [service.get("command", [""]) for service in compose["services"].values()]
    assert {command[1] for command in commands if command[0] == "run"} == set(ROLES)
    watched = {name for name, service in compose["services"].items() if "healthcheck" in service}
    assert set(compose["services"]) - watched == {"prepare"}


def test_replicas_of_a_role_that_may_have_them_share_no_folder_and_are_each_watched(
    compose: dict[str, Any],
) -> None:
    prometheus = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
    (scraped,) = prometheus["scrape_configs"]
    (found_by_name,) = scraped["dns_sd_configs"]
    (listed,) = scraped["static_configs"]
    replicated = {role.name for role in ROLES.values() if role.has_replicas}
    assert set(found_by_name["names"]) == replicated
    assert {target.split(":")[0] for target in listed["targets"]} == set(ROLES) - replicated
    for role in found_by_name["names"]:
        service = compose["services"][role]
        assert "container_name" not in service
        assert "ports" not in service
        assert [volume for volume in service["volumes"] if volume.split(":")[0] in compose["volumes"]] == []
        assert [place.split(":")[0] for place in service["tmpfs"]] == ["/tmp", "/data"]


def test_nothing_is_reachable_from_outside_and_it_contains_no_secret(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        for name, value in service.get("environment", {}).items():
            assert not re.search(r"PASSWORD|HASH_KEY|SOURCES_KEY|TOKEN", name) or str(value).startswith(
                "/run/secrets/"
            )
    for secret in compose["secrets"].values():
        assert secret["file"].startswith("./secrets/")
    assert "/secrets/" in (ROOT / ".gitignore").read_text().split()


def test_each_service_gets_the_secrets_it_uses_and_no_other(compose: dict[str, Any]) -> None:
    wanted: dict[str, set[str]] = {
        "prepare": {"clickhouse_password"},
        "collector": {"hash_key", "sources_key"},
        "sources": {"hash_key", "sources_key", "clickhouse_reader_password"},
        "landing": {"clickhouse_password"},
        "page": {
            "hash_key",
            "clickhouse_importer_password",
            "clickhouse_reader_password",
            "link_key",
            "page_token",
        },
        "notifier": {"clickhouse_reader_password", "link_key"},
        "digests": {"clickhouse_reader_password", "link_key"},
        "jobs": {"clickhouse_password", "clickhouse_reader_password"},
        "grafana": {"grafana_password", "clickhouse_reader_password"},
    }
    for name, service in compose["services"].items():
        assert set(service.get("secrets", [])) == wanted.get(name, set()), name
        files = {
            str(value).removeprefix("/run/secrets/")
            for value in service.get("environment", {}).values()
            if str(value).startswith("/run/secrets/")
        }
        assert files <= wanted.get(name, set()), name


def test_images_have_a_version(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        tag = service["image"].partition("@")[0].rpartition(":")[2]
        assert "@sha256:" in service["image"] or re.search(
            r"\d+\.\d+|FUNNELWATCH_VERSION", service["image"]
        ), (name, tag)


def test_memory_and_logs_have_limits_everywhere(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert re.fullmatch(r"(\$\{[A-Z_]+:-)?\d+[mg]\}?", service["mem_limit"]), name
        assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}, name


def test_grafanas_plug_in_has_the_version_that_the_dashboards_were_made_for(compose: dict[str, Any]) -> None:
    plug_ins = compose["services"]["grafana"]["environment"]["GF_PLUGINS_PREINSTALL_SYNC"]
    assert plug_ins == f"{PLUGIN}@{PLUGIN_VERSION}"


def test_a_store_is_added_by_editing_one_file(tmp_path: Path) -> None:
    docker = tmp_path / "deploy" / "docker"
    docker.mkdir(parents=True)
    for name in ("make-secrets.sh", "funnelwatch.yaml"):
        shutil.copy(ROOT / "deploy" / "docker" / name, docker)
    (tmp_path / "deploy" / "clickhouse").mkdir()
    (tmp_path / "deploy" / "clickhouse" / "001_tables.sql").touch()
    config = docker / "funnelwatch.yaml"
    subprocess.run([docker / "make-secrets.sh"], check=True, capture_output=True)
    first = (tmp_path / "secrets" / "write_keys" / "my-shop").read_text()
    more = '  - {id: other, platform: own_site, keys: ["file:/run/write_keys/other"]}\nsegments:'
    config.write_text(config.read_text().replace("segments:", more))
    subprocess.run([docker / "make-secrets.sh"], check=True, capture_output=True)
    keys = {path.name: path.read_text() for path in (tmp_path / "secrets" / "write_keys").iterdir()}
    assert keys.keys() == {"my-shop", "other"}
    assert keys["my-shop"] == first
    assert len(keys["other"]) == 32


def test_every_setting_it_names_exists(compose: dict[str, Any]) -> None:
    known = {f"FUNNELWATCH_{name.upper()}" for name in Settings.model_fields}
    for role in ROLES:
        named = {name.removesuffix("_FILE") for name in compose["services"][role]["environment"]}
        assert named <= known


def test_every_file_it_mounts_is_there_or_made_by_make_secrets(compose: dict[str, Any]) -> None:
    made = {secret["file"] for secret in compose["secrets"].values()} | {
        "./secrets/clickhouse_users.xml",
        "./secrets/write_keys",
    }
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            source = re.sub(r"^\$\{[A-Z_]+:-([^}]+)\}", r"\1", volume).split(":")[0]
            assert not source.startswith(".") or source in made or (ROOT / source).exists(), source


def test_the_example_configuration_is_valid() -> None:
    assert load_config(ROOT / "deploy" / "docker" / "funnelwatch.yaml").stores[0].id == "my-shop"


def grants_of_imports() -> set[str]:
    """What undoing an import asks of the database: the tables that its code names, and writes to."""
    code = {name: Path(inspect.getsourcefile(module) or "").read_text() for name, module in UNDOING.items()}
    named = set(re.findall(r'table\((?:self\._)?settings, "(\w+)"\)', "".join(code.values())))
    variables = dict(re.findall(r'(\w+) = table\((?:self\._)?settings, "(\w+)"\)', "".join(code.values())))
    written = {
        variables[name.removeprefix("self.")]
        for name in re.findall(r"INSERT INTO \{([\w.]+)\}", "".join(code.values()))
    } | {"recounts_raw"}
    return {f"GRANT SELECT ON funnelwatch.{one}" for one in named} | {
        f"GRANT INSERT ON funnelwatch.{one}" for one in written
    }


def test_make_secrets_gives_the_reader_every_view_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "deploy" / "docker").mkdir(parents=True)
    script = tmp_path / "deploy" / "docker" / "make-secrets.sh"
    shutil.copy(ROOT / "deploy" / "docker" / "make-secrets.sh", script)
    shutil.copytree(ROOT / "deploy" / "clickhouse", tmp_path / "deploy" / "clickhouse")
    subprocess.run([script], check=True, capture_output=True)
    before = (tmp_path / "secrets" / "hash_key").read_bytes()
    subprocess.run([script], check=True, capture_output=True)
    assert (tmp_path / "secrets" / "hash_key").read_bytes() == before
    assert oct((tmp_path / "secrets").stat().st_mode)[-3:] == "700"
    users = ElementTree.parse(tmp_path / "secrets" / "clickhouse_users.xml").getroot()
    granted = {query.text for query in users.findall("users/funnelwatch_reader/grants/query")}
    sql = "".join(path.read_text() for path in sorted((ROOT / "deploy" / "clickhouse").glob("*.sql")))
    views = set(re.findall(r"CREATE OR REPLACE VIEW \$\{database\}\.(\w+)", sql))
    assert granted == {f"GRANT SELECT ON funnelwatch.{view}" for view in views}
    imports = {query.text or "" for query in users.findall("users/funnelwatch_importer/grants/query")}
    assert imports == grants_of_imports()
    assert users.find("users/default").attrib == {"remove": "remove"}  # type: ignore[union-attr]


def test_the_health_check_wants_a_recent_ready(tmp_path: Path) -> None:
    def check(state: str, age_ms: int) -> int:
        import time

        reported = {"state": state, "detail": "", "updated_at_ms": int(time.time() * 1000) - age_ms}
        (tmp_path / "run").mkdir(exist_ok=True)
        (tmp_path / "run" / "landing.json").write_text(json.dumps(reported))
        command = ["python3", ROOT / "deploy" / "docker" / "healthy.py", "landing"]
        environment = {**os.environ, "FUNNELWATCH_DATA": str(tmp_path)}
        return subprocess.run(command, env=environment, capture_output=True).returncode

    assert check("ready", 1_000) == 0
    assert check("ready", 60_000) == 1
    assert check("degraded", 1_000) == 1
