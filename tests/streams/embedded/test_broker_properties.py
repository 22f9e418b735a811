"""The broker's files: values of properties, which Java reads as Latin-1 with escapes, and the folder of a new broker."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from streams.embedded.broker_files import prepare, property_value


def read_by_java(line: str) -> tuple[str, str]:
    """Key and value of one line, as ``java.util.Properties.load`` reads it: from Latin-1 bytes."""
    text = line.encode("latin-1").decode("latin-1")
    key, _, value = text.partition("=")
    value = value.lstrip(" \t\f")
    units = [
        int(found[1], 16)
        if found[1]
        else ord(
            {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}.get(found[2], found[2]) if found[2] else found[3]
        )
        for found in re.finditer(r"\\u([0-9a-fA-F]{4})|\\(.)|([^\\])", value, re.DOTALL)
    ]
    return key, b"".join(unit.to_bytes(2, "big") for unit in units).decode("utf-16-be", "surrogatepass")


@given(st.text(st.characters(codec="utf-8")))
def test_what_is_written_is_what_java_reads(value):
    line = f"log.dirs={property_value(value)}"
    assert line.isascii()
    assert "\n" not in line
    assert "\r" not in line
    assert read_by_java(line) == ("log.dirs", value)


def test_a_plain_path_stays_readable():
    assert property_value("../logs/broker.log") == "../logs/broker.log"
    assert property_value("数据 ü\\x") == r"\u6570\u636E\u0020\u00FC\u005Cx"


def test_each_new_broker_has_ids_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "first").write_bytes(b"records")
    ids = []
    for name in ("a", "b"):
        prepare(tmp_path / name, tmp_path / "first")
        assert (tmp_path / name / "bootstrap.checkpoint").read_bytes() == b"records"
        lines = (tmp_path / name / "meta.properties").read_text().splitlines()
        values = dict(line.split("=", 1) for line in lines)
        assert (values["node.id"], values["version"]) == ("1", "1")
        ids += [values["cluster.id"], values["directory.id"]]
    assert len(set(ids)) == 4
    assert {len(urlsafe_b64decode(one + "==")) for one in ids} == {16}
