"""The reference is what the code says, and says something about everything that the code has."""

from deploy import reference
from deploy.document import FOLDER, PAGES, outdated
from scoring.events.event import RejectReason
from streams.kafka.topics import TOPICS
from streams.settings import Settings


def test_the_reference_is_what_the_code_says() -> None:
    assert [page.name for page in outdated()] == [], "run: python -m deploy.document"
    pages = {page.path.name for page in PAGES} | {"README.md"}
    assert {path.name for path in FOLDER.glob("*.md")} == pages


def test_every_setting_topic_and_reject_reason_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
    topics, reasons = reference.topics_table(), reference.reasons_table()
    assert [t.name for t in TOPICS if f"`{t.name}`" not in topics] == []
    assert [r.value for r in RejectReason if f"`{r.value}`" not in reasons] == []
    assert reference.metrics_table().count("\n") > 30


def test_every_view_is_described() -> None:
    assert set(reference.views()) == set(reference.VIEWS)


def test_the_reference_is_listed() -> None:
    listed = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in PAGES if f"({page.path.name})" not in listed] == []
