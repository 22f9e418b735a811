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


def test_a_kept_silence_whose_expression_no_longer_compiles_hides_nothing_and_stops_nothing() -> None:
    book = ActionBook()
    assert book.take(act(K.SILENCE, 1, alert_id="", matchers=("segment=~(?=ios).*",), until_ms=50))
    assert not book.silences(20)


def test_closing_keeps_its_first_reason() -> None:
    book = ActionBook()
    book.take(act(K.CLOSE, 5, reason=CloseReason.EXPECTED))
    book.take(act(K.CLOSE, 6, reason=CloseReason.REAL))
    assert book.handling("a").closed_as is CloseReason.EXPECTED


def test_a_silence_is_over_at_its_end_and_not_before() -> None:
    book = ActionBook()
    book.take(act(K.SILENCE, 100, until_ms=500, text="work"))
    assert [(len(book.silences(at)), len(book.ended(at))) for at in (499, 500)] == [(1, 0), (0, 1)]
    (silence,) = book.silences(100)
    assert (silence.silence_id, silence.starts_ms, silence.reason, silence.author) == (
        "silence-100",
        100,
        "work",
        "li",
    )


def test_a_silence_is_lifted_by_its_id_or_by_its_alert_and_others_go_on() -> None:
    def left(lift: HumanAction) -> list[str]:
        book = ActionBook()
        book.take(act(K.SILENCE, 1, silence_id="one", until_ms=900))
        book.take(act(K.SILENCE, 2, alert_id="b", silence_id="two", until_ms=900))
        book.take(act(K.SILENCE, 3, alert_id="", silence_id="all", matchers=("store_id=us",), until_ms=900))
        book.take(lift)
        return [silence.silence_id for silence in book.silences(300)]

    assert left(act(K.UNSILENCE, 300)) == ["two", "all"]
    assert left(act(K.UNSILENCE, 300, alert_id="", silence_id="all")) == ["one", "two"]
    assert left(act(K.UNSILENCE, 300, alert_id="", silence_id="none")) == ["one", "two", "all"]
    assert left(act(K.UNSILENCE, 300, alert_id="c")) == ["one", "two", "all"]
    assert left(act(K.UNSILENCE, 300, alert_id="b", silence_id="one")) == ["all"]


def test_a_silence_that_is_over_does_not_last_longer_when_it_is_lifted_late() -> None:
    book = ActionBook()
    book.take(act(K.SILENCE, 1, until_ms=200))
    assert book.handling("a").silenced_until_ms == 200
    book.take(act(K.UNSILENCE, 300))
    assert [silence.ends_ms for silence in book.ended(1000)] == [200]


def test_who_did_what_stays_with_the_alert() -> None:
    book = ActionBook()
    for action in (
        act(K.ASSIGN, 1, assignee="wang"),
        act(K.ASSIGN, 2, assignee="zhao"),
        act(K.COMMENT, 3, text="one"),
        act(K.COMMENT, 4, text="two"),
        act(K.CLOSE, 5, reason=CloseReason.REAL),
        act(K.CLOSE, 6, reason=CloseReason.TRACKING, who="wang"),
        act(K.SUBSCRIBE, 7),
        act(K.UNSUBSCRIBE, 8),
    ):
        assert book.take(action)
    handling = book.handling("a")
    assert (handling.assignee, [one.text for one in handling.comments]) == ("zhao", ["one", "two"])
    assert (handling.closed_as, handling.closed_at_ms, handling.closed_by) == (CloseReason.REAL, 5, "li")
    assert handling.acknowledged_at_ms is None
    assert book.handling("b").comments == ()
    book.take(act(K.ACKNOWLEDGE, 0, alert_id="c"))
    book.take(act(K.ACKNOWLEDGE, 9, alert_id="c", who="wang"))
    assert book.handling("c").acknowledged_by == "li"
