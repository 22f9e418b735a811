"""The Helm chart renders for what its values allow, and Kubernetes takes what it renders."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.roles import ROLES
from streams.settings import Settings
from tests.deadlines import within
from tests.places import ROOT

CHART = ROOT / "deploy" / "kubernetes" / "funnelwatch"
KEPT = Path(os.path.expanduser("~/.cache/funnelwatch/clients"))
HELM = "helm.sh/helm/v3/cmd/helm@v3.19.0"
VERSIONS = ("1.30", "1.33", "1.36")
#: kinds of other projects, whose schemas kubernetes-validate has not
OTHERS = {"ScaledObject", "TriggerAuthentication", "PodMonitor"}
VALUES: dict[str, dict[str, Any]] = {
    "defaults": {},
    "everything": {
        "roles": {role: {"autoscaling": {"enabled": True}} for role in ("monitor", "landing")},
        "writeKeys": {"existingSecret": "write-keys"},
        "receivers": {"existingSecret": "receivers"},
        "pageTokens": {"existingSecret": "page-tokens"},
        "smtp": {"existingSecret": "smtp"},
        "clickhouse": {"ca": {"secret": "clickhouse-ca"}, "cluster": "main"},
        "networkPolicy": {"doors": [{"namespaceSelector": {"matchLabels": {"name": "ingress"}}}]},
        "podMonitor": {"enabled": True},
        "trustedProxies": "10.0.0.0/8",
        "settings": {"FUNNELWATCH_RETENTION": "events_raw=90"},
        "image": {"digest": "sha256:" + "0" * 64, "pullSecrets": [{"name": "registry"}]},
        "nodeSelector": {"kubernetes.io/arch": "amd64"},
    },
    "client certificates": {
        "kafka": {"securityProtocol": "SSL", "clientCertificate": {"secret": "funnelwatch-user"}},
        "roles": {"monitor": {"autoscaling": {"enabled": True}}},
    },
    "plain": {
        "kafka": {"securityProtocol": "PLAINTEXT", "ca": {"secret": ""}},
        "networkPolicy": {"enabled": False},
        "config": {"existingConfigMap": "mine"},
        "roles": {"landing": {"autoscaling": {"enabled": True}}},
    },
}


def templates() -> str:
    return "\n".join(path.read_text() for path in sorted((CHART / "templates").iterdir()))


def default_values() -> dict[str, Any]:
    return dict(yaml.safe_load((CHART / "values.yaml").read_text()))


# ---------------------------------------------------------------- read as text


def test_every_role_has_its_values_and_every_value_named_exists() -> None:
    values = default_values()
    assert set(values["roles"]) == set(ROLES)
    for path in set(re.findall(r"\.Values((?:\.\w+)+)", templates())):
        found: Any = values
        for name in path.split(".")[1:]:
            assert name in found, path
            found = found[name]


def test_every_setting_named_exists() -> None:
    known = {f"FUNNELWATCH_{name.upper()}" for name in Settings.model_fields}
    named = {name.removesuffix("_FILE") for name in re.findall(r"FUNNELWATCH_[A-Z_]*[A-Z]", templates())}
    assert named
    assert named <= known


def test_each_role_gets_the_secrets_that_compose_gives_it() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    block = templates().partition('define "funnelwatch.secretsOf"')[2].partition("end }}")[0]
    given = {
        role: set(re.findall(r'"(\w+)"', names))
        for role, names in re.findall(r'"(\w+)" \(list (.*)\)', block)
    }
    wanted = {name: set(compose["services"][name].get("secrets", [])) for name in ("prepare", *ROLES)}
    assert given == {name: secrets for name, secrets in wanted.items() if secrets}


# ---------------------------------------------------------------- rendered by helm itself


@pytest.fixture(scope="module")
def helm() -> Path:
    """Helm of the version above, built from its Go module once; without Go or its modules nothing is rendered."""
    program = KEPT / "helm-3.19.0" / "helm"
    if not program.exists():
        if shutil.which("go") is None:
            pytest.skip("go is not installed: the chart was not rendered")
        environment = {**os.environ, "GOBIN": str(program.parent)}
        done = subprocess.run(
            ["go", "install", HELM], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.skip(f"helm could not be built: {done.stderr[-300:]}")
    return program


def rendered(
    helm: Path, values: dict[str, Any], tmp_path: Path, version: str = VERSIONS[0]
) -> list[dict[str, Any]]:
    given = tmp_path / "values.yaml"
    given.write_text(json.dumps(values))
    command = [
        str(helm),
        "template",
        "funnelwatch",
        str(CHART),
        "-f",
        str(given),
        "--namespace",
        "shops",
        "--kube-version",
        f"{version}.0",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [one for one in yaml.safe_load_all(done.stdout) if one]


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", VALUES)
def test_kubernetes_takes_what_is_rendered(helm: Path, name: str, tmp_path: Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    start = [
        str(uv),
        "run",
        "-q",
        "--no-project",
        "--python",
        sys.executable,
        "--with",
        "kubernetes-validate==1.37.0",
    ]
    asked = subprocess.run(
        [*start, "kubernetes-validate", "--help"], capture_output=True, text=True, check=False
    )
    if asked.returncode:
        pytest.skip(f"kubernetes-validate could not be fetched: {asked.stderr[-300:]}")
    for version in VERSIONS:
        found = rendered(helm, VALUES[name], tmp_path, version)
        whole = tmp_path / "rendered.yaml"
        whole.write_text(yaml.safe_dump_all([one for one in found if one["kind"] not in OTHERS]))
        command = [*start, "kubernetes-validate", "--strict", "-k", version, str(whole)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=within(120), check=False)
        assert done.returncode == 0, f"{version}: {done.stdout}{done.stderr}"


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("name", VALUES)
def test_no_pod_may_more_than_it_needs_and_scaling_ends_at_the_partitions(
    helm: Path, name: str, tmp_path: Path
) -> None:
    found = rendered(helm, VALUES[name], tmp_path)
    pods = {
        one["metadata"]["name"]: one for one in found if one["kind"] in ("Deployment", "StatefulSet", "Job")
    }
    assert set(pods) == {"funnelwatch-prepare-1", *(f"funnelwatch-{role}" for role in ROLES)}
    for pod in pods.values():
        spec = pod["spec"]["template"]["spec"]
        assert spec["securityContext"]["runAsNonRoot"]
        assert spec["automountServiceAccountToken"] is False
        (container,) = spec["containers"]
        allowed = container["securityContext"]
        assert allowed["readOnlyRootFilesystem"]
        assert not allowed["allowPrivilegeEscalation"]
        assert allowed["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]
        volumes = {volume["name"] for volume in spec["volumes"]} | {"data"}
        assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
        files = {one["value"] for one in container["env"] if one["name"].endswith("_FILE")}
        places = tuple(mount["mountPath"] + "/" for mount in container["volumeMounts"])
        assert all(file.startswith(places) for file in files)
    for one in found:
        if one["kind"] == "ScaledObject":
            assert one["spec"]["maxReplicaCount"] == default_values()["kafka"]["partitions"]
            assert "replicas" not in pods[one["metadata"]["name"]]["spec"]
        if one["kind"] == "PodDisruptionBudget":
            assert pods[one["metadata"]["name"]]["spec"].get("replicas", 2) > 1


@pytest.mark.long
@pytest.mark.slow
def test_helms_own_lint_finds_nothing(helm: Path) -> None:
    done = subprocess.run(
        [str(helm), "lint", "--strict", str(CHART)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
