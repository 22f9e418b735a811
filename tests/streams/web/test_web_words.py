"""Both languages say everything: every key that a template uses exists, with the same blanks to fill in."""

import re
import string
from collections.abc import Mapping
from itertools import chain

import pytest

from scoring.alerts.actions import CloseReason
from scoring.alerts.alert import AlertKind, AlertLabel, AlertState, Level
from scoring.alerts.deciding import GroupAction
from scoring.alerts.routing import LABELS
from scoring.events.event import DeviceClass, Platform, RejectReason, Source
from scoring.funnel.period_steps import PERIOD_STEP_BY_ID
from scoring.funnel.scores import ScoreState
from scoring.funnel.stages import STEP_BY_ID, Stage
from scoring.sources.backfills import BackfillState
from scoring.wording import alert_words, checks
from scoring.wording import catalogue as texts
from scoring.wording.card import PLACES, ActionKind
from scoring.wording.text import LANGUAGES, Language
from streams.config.model import Config
from streams.incidents.reader import ReaderWording
from streams.settings import Settings
from streams.sources.source import Supply
from streams.web.alerts.action_pages import ALERT_ACTIONS
from streams.web.alerts.answers import Transition
from streams.web.alerts.life import turns
from streams.web.frame.names import Names
from streams.web.frame.reader import PageReader
from streams.web.frame.subject import load_subjects, page_words
from streams.web.settings.setting_words import SETTING_WORDS
from streams.web.subjects import SUBJECTS
from tests.places import ROOT

WEB = ROOT / "streams" / "web"
WORDS = page_words(load_subjects(SUBJECTS))
CATALOGUES = [
    (texts.STAGE_NAMES, Stage),
    (texts.STAGE_UNITS, Stage),
    (texts.STATE_NAMES, ScoreState),
    (texts.STATE_MEANINGS, ScoreState),
    (alert_words.ALERT_STATE_NAMES, AlertState),
    (alert_words.LEVEL_NAMES, Level),
    (alert_words.KIND_NAMES, AlertKind),
    (alert_words.LABEL_NAMES, AlertLabel),
    (texts.PLATFORM_NAMES, Platform),
    (texts.SOURCE_NAMES, Source),
    (texts.DEVICE_NAMES, DeviceClass),
    (texts.REASON_NAMES, RejectReason),
]
CHECKS = [*chain(*checks.STEP_CHECKS.values()), *chain(*checks.KIND_CHECKS.values())]
ALL = [
    *WORDS.values(),
    *texts.OWNERS.values(),
    *(c.text for c in CHECKS),
    *chain(*(c.values() for c, _ in CATALOGUES)),
]


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_said_in_both_languages(language: Language) -> None:
    assert [text for text in ALL if not text(language).strip()] == []


def test_both_languages_leave_the_same_blanks() -> None:
    assert [text for text in ALL if blanks(text.zh) != blanks(text.en)] == []


@pytest.mark.parametrize(("catalogue", "members"), CATALOGUES)
def test_a_catalogue_names_every_member(catalogue: Mapping[object, object], members: type) -> None:
    assert set(catalogue) == set(members)


def test_every_step_has_checks_and_every_check_an_owner_with_a_name() -> None:
    assert set(checks.STEP_CHECKS) == {*STEP_BY_ID, *PERIOD_STEP_BY_ID}
    assert {check.owner for check in CHECKS} <= set(texts.OWNERS)


def test_the_seven_stages_carry_their_chinese_names() -> None:
    assert [texts.STAGE_NAMES[stage].zh for stage in Stage] == [
        "曝光",
        "点击",
        "加购",
        "下单",
        "支付",
        "发货",
        "复购",
    ]


def test_the_templates_and_handlers_use_only_words_that_exist() -> None:
    sources = [*WEB.rglob("*.html"), *WEB.rglob("*.py")]
    used = {
        key
        for path in sources
        for key in re.findall(r"""(?:\bt|\bword|self\.word)\(["'](\w+)["']""", path.read_text())
    }
    assert len(used) > 80
    assert used - set(WORDS) == {"def_"}  # completed by the definitions' keys
    assert {
        f"def_{k}" for k in ("surprise", "expected", "band", "drop_off_title", "not_supplied", "money_title")
    } <= set(WORDS)


def test_everything_people_can_do_has_its_words() -> None:
    pressed = [kind for kind in ActionKind if kind not in PLACES]
    needed = {
        *(f"did_{kind.value}" for kind in ALERT_ACTIONS),
        *(f"reason_{reason.value}" for reason in CloseReason),
        *(f"matcher_{label}" for label in (*LABELS, "alert_id")),
        *(f"link_{kind.value}" for kind in pressed),
        *(f"press_{kind.value}" for kind in pressed),
        *(f"action_{action.value}" for action in GroupAction),
        *(f"supply_{supply.value}" for supply in Supply),
        *(f"backfill_state_{state.value}" for state in BackfillState),
    }
    assert needed - set(WORDS) == set()


def test_every_setting_is_explained_in_both_languages() -> None:
    assert set(SETTING_WORDS) == set(Settings.model_fields)
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_no_word_is_left_over() -> None:
    sources = "".join(
        path.read_text()
        for path in [*WEB.rglob("*.html"), *WEB.rglob("*.py")]
        if not path.name.endswith("words.py")
    )
    made = (
        "part_",
        "window_",
        "def_",
        "state_",
        "no_such_",
        "reason_",
        "matcher_",
        "did_",
        "via_",
        "link_",
        "press_",
        "comparable_",
        "action_",
        "supply_",
        "backfill_state_",
        "evaluation_length_",
        "order_door_",
        "order_state_",
        "order_field_",
    )
    assert [
        key for key in WORDS if not re.search(rf"""["']{key}["']""", sources) and not key.startswith(made)
    ] == []


def test_a_check_never_names_a_cause() -> None:
    assert [c.text.en for c in CHECKS if re.search(r"\b(because|caused|due to)\b", c.text.en)] == []


def test_a_segment_is_named_for_people() -> None:
    assert texts.segment_name("ios/paid", "zh") == "iOS × 付费"
    assert texts.segment_name("", "zh") == "全店"
    assert texts.segment_name("-/paid", "en") == "unspecified × paid"
    assert texts.segment_name("other", "en") == "Other segments"


def test_evidence_for_lost_tracking_puts_trackings_checks_first() -> None:
    found = checks.checks_for("order_to_payment", AlertKind.CONVERSION, AlertLabel.TRACKING)
    assert found[: len(checks.KIND_CHECKS[AlertKind.TRACKING])] == checks.KIND_CHECKS[AlertKind.TRACKING]


def test_a_second_process_of_a_role_has_the_role_s_name_and_its_number() -> None:
    english, chinese = (Names(PageReader(language, "UTC", WORDS), None) for language in ("en", "zh"))
    assert [english.part(name) for name in ("monitor", "monitor-2", "landing")] == [
        "Monitor",
        "Monitor 2",
        "Landing",
    ]
    assert chinese.part("monitor-2") == "监控 2"


def test_a_store_is_called_by_its_name_in_the_reader_s_language_and_has_one_in_any() -> None:
    config = Config.model_validate(
        {
            "stores": [
                {"id": "us", "names": {"zh": "美国站", "en": "US shop"}},
                {"id": "de", "name": "DE", "names": {"zh": "德国站"}},
                {"id": "fr", "names": {"zh": "法国站"}},
                {"id": "jp"},
            ]
        }
    )
    english, chinese = (Names(PageReader(language, "UTC", WORDS), config) for language in ("en", "zh"))
    assert [english.store(store.id) for store in config.stores] == ["US shop", "DE", "法国站", "jp"]
    assert [chinese.store(store.id) for store in config.stores] == ["美国站", "德国站", "法国站", "jp"]
    assert chinese.config("us").name == "美国站"
    assert english.store("pool:platform=shopee") == "Shopee stores"


def test_conditions_of_routes_are_said_in_words() -> None:
    english, chinese = (Names(PageReader(language, "UTC", WORDS), Config()) for language in ("en", "zh"))
    asked = ("kind=pooled", "level!=notice", "segment=~ios/.*", "country=CN")
    assert english.matchers(asked) == (
        "kind = Drop in several stores, level != Warning, segment =~ ios/.*, country = China"
    )
    assert chinese.matchers(asked) == "类型 = 多店同时下降，级别 != 提醒，分群 =~ ios/.*，国家 = 中国"
    assert (chinese.labels(("store_id", "step")), english.labels(())) == ("店铺、步骤", "")


def test_the_life_of_an_alert_says_what_changed() -> None:
    def turn(
        state: str = "firing", level: str = "notice", lost: float = 3.0, label: str = "unknown"
    ) -> Transition:
        return Transition(0, state, level, 6.5, 4.0, 9.0, lost, label)

    life = [
        turn("pending"),
        turn(),
        turn(level="page"),
        turn(level="page", label="real"),
        turn(level="page", label="real", lost=42.0),
        turn(level="page", label="real", lost=42.0),
        turn("resolved", level="page", label="real"),
        turn(level="page", label="real"),
    ]
    reader = PageReader("en", "UTC", WORDS)
    said = [one.changes for one in turns(life, reader, Names(reader, None))]
    assert said == [
        (),
        (),
        ("Level: Warning → Critical",),
        ("Evidence: Real drop or lost tracking: not known yet → More like a real drop",),
        ("Lost in total: 3 → 42",),
        ("New figures",),
        (),
        ("It fires again",),
    ]
    assert turns([], reader, Names(reader, None)) == ()


def test_a_loss_that_only_grows_is_one_turn_of_an_alert_s_life() -> None:
    life = [
        Transition(at, state, "page", 8.0, 4.0, 9.0, lost)
        for at, state, lost in [
            (0, "firing", 3.0),
            (1, "firing", 5.0),
            (2, "firing", 8.0),
            (3, "firing", 12.0),
            (4, "resolved", 13.0),
        ]
    ]
    reader = PageReader("en", "UTC", WORDS)
    said = [(one.at_ms, one.changes) for one in turns(life, reader, Names(reader, None))]
    assert said == [(0, ()), (3, ("Lost in total: 3 → 12",)), (4, ())]


def test_negative_numbers_have_a_minus_sign() -> None:
    reader = PageReader("en", "UTC", WORDS)
    reported = [
        reader.count(-1234),
        reader.decimal(-0.5),
        reader.percent(-0.071),
        reader.whole_percent(-0.71),
    ]
    assert reported == ["−1,234", "−0.5", "−7.1%", "−71%"]
    assert reader.money(-3, "EUR") == "−€3"


@pytest.mark.parametrize("amount", [9_876.0, 612_345.0, -1_234_567.0])
def test_the_page_writes_estimated_money_as_cards_and_digests_do(amount: float) -> None:
    for language in LANGUAGES:
        on_page = PageReader(language, "UTC", WORDS).estimate(amount, "CNY")
        assert on_page == ReaderWording(language).money(amount, "CNY").replace("-", "−")
