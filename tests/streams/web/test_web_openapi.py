"""Questions made up from the API's own document: each is answered as the document says, and none breaks the page."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from streams.web.frame import actions
from streams.web.routing import queries as routing
from tests.fixtures.page import RunningPage

schemathesis = pytest.importorskip("schemathesis")
#: the page of this test has no broker: what asks it may answer 503, as documented
ASK_THE_BROKER = (
    "/api/v1/alerts/{alert}/routing",
    "/api/v1/alerts/{alert}/actions",
    "/api/v1/sources/{connection}/actions",
)


def ask(operation: Any) -> None:
    """Ask some made-up questions of one operation."""
    # limits between two parameters (a span, a number of points) are not in the document: they answer 400
    excluded = [schemathesis.checks.positive_data_acceptance]
    excluded += [schemathesis.checks.not_a_server_error] * (operation.path in ASK_THE_BROKER)

    @settings(
        max_examples=4,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def once(case: Any) -> None:
        case.call_and_validate(excluded_checks=excluded)

    once()


def test_every_made_up_question_is_answered_as_the_document_says(
    page: RunningPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (actions, routing):  # there is no broker to wait for
        monkeypatch.setattr(module, "PATIENCE_S", 0.2)
    document = schemathesis.openapi.from_url(f"{page.url}/api/v1/openapi.json")
    operations = [found.ok() for found in document.get_all_operations()]
    for operation in operations:
        ask(operation)
    assert len(operations) >= 17
