"""What people do with alerts, and what follows."""

from scoring.alerts.actions import ActionBook, CloseReason, HumanAction, HumanActionKind

K = HumanActionKind


def act(kind: HumanActionKind, at_ms: int = 0, action_id: str = "", **more: object) -> HumanAction:
    fields = {"who": "li", "alert_id": "a", **more}
    return HumanAction(action_id or f"{kind}-{at_ms}", kind, at_ms, **fields)


def test_the_first_to_acknowledge_stays_named() -> None:
    book = ActionBook()
    book.take(act(K.ACKNOWLEDGE, 10))
    book.take(act(K.ACKNOWLEDGE, 20, who="wang"))
    assert (book.handling("a").acknowledged_by, book.handling("a").acknowledged_at_ms) == ("li", 10)


def test_a_link_works_once() -> None:
    book = ActionBook()
    assert book.take(act(K.COMMENT, 1, "link-1", text="looking"))
    assert not book.take(act(K.COMMENT, 2, "link-1", text="looking"))
    assert len(book.handling("a").comments) == 1


def test_a_silence_of_one_alert_holds_it_until_its_end_or_until_it_is_lifted() -> None:
    book = ActionBook()
    book.take(act(K.SILENCE, 100, until_ms=7_200_100, text="payment provider works on it"))
    (silence,) = book.silences(200)
    assert silence.holds({"alert_id": "a"}, 7_200_099)
    assert not silence.holds({"alert_id": "b"}, 200)
    book.take(act(K.UNSILENCE, 300))
    assert book.silences(300) == ()
    assert book.handling("a").silenced_until_ms is None


def test_a_silence_by_matchers_needs_no_alert() -> None:
    book = ActionBook()
    book.take(act(K.SILENCE, 1, alert_id="", matchers=("store_id=us",), until_ms=50))
    assert book.silences(2)[0].holds({"store_id": "us", "alert_id": "z"}, 2)


def test_closing_keeps_its_first_reason() -> None:
    book = ActionBook()
    book.take(act(K.CLOSE, 5, reason=CloseReason.EXPECTED))
    book.take(act(K.CLOSE, 6, reason=CloseReason.REAL))
    assert book.handling("a").closed_as is CloseReason.EXPECTED
