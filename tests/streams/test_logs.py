"""Logs are JSON lines off a terminal, hold libraries' records too, and hold no secret."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from streams import logs
from streams.settings import load_settings


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure(load_settings(log_format="json"), stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def records(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_secrets_are_struck_out(lines: io.StringIO) -> None:
    structlog.get_logger("here").info(
        "starting",
        smtp_url="smtp://me:hunter2@mail",
        clickhouse_password="hunter2",
        headers={"Authorization": "hunter2", "accept": "x"},
        addresses=["http://u:hunter2@h/x"],
        tokens=3,
    )
    (record,) = records(lines)
    assert "hunter2" not in lines.getvalue()
    assert record["smtp_url"] == "smtp://***@mail"
    assert record["headers"] == {"Authorization": "***", "accept": "x"}
    assert record["tokens"] == 3
    assert record["level"] == "info"


def test_a_librarys_records_and_exceptions_are_json_too(lines: io.StringIO) -> None:
    try:
        raise ValueError("at http://me:hunter2@host")
    except ValueError:
        logging.getLogger("some.library").exception("failed for %s", "x")
    logging.getLogger("aiokafka.consumer").info("chatter")
    (record,) = records(lines)
    assert record["event"] == "failed for x"
    assert "ValueError" in str(record["exception"])
    assert "hunter2" not in lines.getvalue()


def test_a_traceback_on_a_terminal_does_not_show_local_variables() -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure(load_settings(log_format="console"), stream)
    given = "hunter" + "2"
    try:
        raise ValueError(str(len(given)))
    except ValueError:
        logging.getLogger("some.library").exception("failed")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
    assert "ValueError" in stream.getvalue()
    assert "hunter2" not in stream.getvalue()


def test_a_command_s_log_line_went_to_a_standard_error_that_was_closed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = structlog.get_config()
    replaced = io.StringIO()
    try:
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stderr", replaced)
            logs.keep_quiet()
        replaced.close()
        structlog.get_logger().error("mail_recipient_rejected")
        assert "mail_recipient_rejected" in capsys.readouterr().err
    finally:
        structlog.configure(**before)
