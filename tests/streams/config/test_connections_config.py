"""``connections`` of funnelwatch.yaml: the models of the sources, each error with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.config.loading import read_config
from streams.sources.configs import CONNECTIONS
from streams.sources.registry import SOURCES

WHOLE = """
stores:
  - id: a
connections:
  - name: erp
    source: webhook
    store: a
    secret: env:ERP
    mapping:
      - kind: order
        fields: {order_id: id, placed: created_at}
  - name: api
    source: json_api
    store: a
    url: https://shop.example/api
    auth: {kind: bearer, secret: env:API}
    resources:
      - path: /orders
        from_parameter: since
        mapping: [{kind: order, fields: {order_id: id}}]
"""


def problems(text: str, tmp_path: Path, with_secrets: bool = False) -> list[str]:
    path = tmp_path / "funnelwatch.yaml"
    path.write_text(text)
    return [line.removeprefix(f"{path}:") for line in read_config(path, with_secrets)[1]]


def test_each_connection_has_the_model_of_its_source(tmp_path: Path) -> None:
    path = tmp_path / "funnelwatch.yaml"
    path.write_text(WHOLE)
    config, found = read_config(path)
    assert found == []
    assert [(one.name, one.source, one.all_stores) for one in config.connections] == [
        ("erp", "webhook", ("a",)),
        ("api", "json_api", ("a",)),
    ]


def test_the_models_are_those_that_the_sources_name() -> None:
    assert set(CONNECTIONS) == {source.config for source in SOURCES if source.config is not None}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("source: webhook", "source: webhok", "6:13: connections[0].source: unknown value 'webhok'; did you mean 'webhook'?"),
        ("store: a\n    secret", "store: b\n    secret", "connection 'erp': unknown store 'b'"),
        ("name: api", "name: erp", "connection 'erp' is given twice"),
        ("secret: env:ERP", "old_secret: env:ERP", "connection 'erp': a webhook connection needs `secret`"),
        ("{order_id: id, placed: created_at}", "{order_id: id, plced: created_at}", "unknown field 'plced' for kind order"),
        ("{order_id: id, placed: created_at}", "{placed: created_at}", "needs the field 'order_id'"),
        ("{order_id: id, placed: created_at}", '{order_id: "id[", placed: x}', "'id[' is not a path"),
        ("from_parameter: since", "interval_s: 60", "needs `from_parameter`"),
        ("kind: bearer, secret: env:API", "kind: basic, secret: env:API", "authorisation of kind basic needs `user`"),
        ("url: https://shop.example/api", "url: shop.example", "must begin with https://"),
        ("source: json_api\n    store: a", "source: json_api", "connection 'api': give either `store` or `stores`"),
        ("secret: env:ERP", "secret: env:ERP\n    signature: {signed: '{timestamp}'}", "{body} once"),
    ],
)  # fmt: skip
def test_an_error_of_a_connection_is_named_with_its_line(
    old: str, new: str, expected: str, tmp_path: Path
) -> None:
    assert WHOLE.count(old) == 1
    found = problems(WHOLE.replace(old, new), tmp_path)
    assert any(expected in line for line in found), found
    assert all(int(line.split(":")[0]) > 1 for line in found)


def test_a_secret_in_the_file_itself_or_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API", "x" * 20)
    found = problems(WHOLE.replace("secret: env:ERP", "secret: s3cret"), tmp_path, with_secrets=True)
    assert found == [
        "8:13: a secret must not be written into this file; expected a reference: env:NAME or file:PATH"
    ]
    (missing,) = problems(WHOLE, tmp_path, with_secrets=True)
    assert "variable ERP is not set" in missing
