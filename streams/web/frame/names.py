"""Names of things for one reader: the catalogues of ``scoring/wording/catalogue.py`` and the page's words by id, the id itself if unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from scoring.alerts.alert import AlertContribution, AlertKind, AlertState
from scoring.alerts.routing import parse_matcher
from scoring.alerts.spend_note import note_of_spend
from scoring.events.event import Source
from scoring.funnel.scores import ScoreState
from scoring.funnel.stages import STEP_BY_ID
from scoring.wording import alert_words
from scoring.wording import catalogue as texts
from scoring.wording.figures import has_aged
from scoring.wording.period_words import PERIOD_STEP_WORDS
from scoring.wording.source_note import note_of_source, trouble_in_words
from scoring.wording.spend_cards import spend_an_hour, spend_basis, spend_into
from scoring.wording.text import Text, joined
from streams.channels.registry import channel_spec
from streams.config.model import Config, StoreConfig
from streams.incidents.reader import ReaderWording
from streams.instance.files import role_and_number
from streams.schema import WEEKDAYS
from streams.sources.registry import words_of
from streams.web.frame.reader import PageReader


class Names:
    """Names in the reader's language."""

    def __init__(self, reader: PageReader, config: Config | None) -> None:
        self._reader = reader
        self._config = config

    def _of(self, catalogue: Mapping[Any, Text], key: str) -> str:
        found = next((text for name, text in catalogue.items() if str(name) == key), None)
        return found(self._reader.language) if found else key

    def _word(self, key: str, default: str) -> str:
        return self._reader.word(key) if key in self._reader.words else default

    def step(self, step: str) -> str:
        """A step: Orders → Payments."""
        return texts.step_name(step, self._reader.language)

    def segment(self, segment: str) -> str:
        """A segment: iOS × paid; the whole store for the empty one."""
        return texts.segment_name(segment, self._reader.language)

    def stage(self, stage: str) -> str:
        """A stage."""
        return self._of(texts.STAGE_NAMES, stage)

    def counted(self, step: str, value: float) -> str:
        """So many of what arrives at the end of a step: 支付 12 笔, 12 payments."""
        return texts.arrivals_of(step).counted(self._reader.count(value), self._reader.language)

    def missing(self, step: str, value: float) -> str:
        """So many fewer of what arrives at the end of a step: 12 笔支付, 12 fewer payments."""
        return texts.arrivals_of(step).missing(self._reader.count(value), self._reader.language)

    def unit(self, step: str) -> str:
        """What arrives at the end of a step, in the plural: payments."""
        if step in PERIOD_STEP_WORDS:
            return PERIOD_STEP_WORDS[step].unit(self._reader.language)
        known = STEP_BY_ID.get(step)
        return texts.STAGE_UNITS[known.downstream](self._reader.language) if known else step

    def ends(self, step: str) -> tuple[str, str]:
        """The stages between which a step is."""
        known = STEP_BY_ID[step]
        return self.stage(known.upstream), self.stage(known.downstream)

    def value(self, dimension: str, value: str) -> str:
        """A value of a dimension of raw events; what events without one have."""
        if not value:
            return self._reader.word("breakdown_unknown")
        if dimension == "country":
            return self._reader.country(value)
        return self.segment(value) if dimension in ("device_class", "channel") and value != "other" else value

    def state(self, state: str) -> str:
        """A score's state."""
        return self._of(texts.STATE_NAMES, state)

    def tile(self, state: str) -> str:
        """A tile's state."""
        return self._word(f"state_{state}", self.state(state))

    def alert_state(self, state: str) -> str:
        """An alert's state."""
        return self._of(alert_words.ALERT_STATE_NAMES, state)

    def state_of(self, alert: Any) -> str:
        """An alert's state; of one that ended by its age alone, that it did."""
        if alert.state == AlertState.RESOLVED and has_aged(alert.note):
            return alert_words.AGED_OUT(self._reader.language)
        return self.alert_state(alert.state)

    def level(self, level: str) -> str:
        """An alert's level."""
        return self._of(alert_words.LEVEL_NAMES, level)

    def kind(self, kind: str) -> str:
        """What kind of thing moved."""
        return self._of(alert_words.KIND_NAMES, kind)

    def alert(self, alert: Any) -> str:
        """What an alert is about: its kind and its step."""
        return alert_words.alert_name(alert.kind, alert.step, self._reader.language)

    def label(self, label: str) -> str:
        """Real drop or lost tracking."""
        said = self._of(alert_words.LABEL_NAMES, label)
        return said[:1].upper() + said[1:]

    def platform(self, platform: str) -> str:
        """Where a store lives."""
        return self._of(texts.PLATFORM_NAMES, platform)

    def source(self, source: str) -> str:
        """The source of events: its words in the registry."""
        return words_of(Source(source))(self._reader.language) if source in set(Source) else source

    def channel(self, channel: str) -> str:
        """A channel of messages: its words in the registry."""
        return channel_spec(channel).words(self._reader.language)

    def reason(self, reason: str) -> str:
        """Why a record was rejected."""
        return self._of(texts.REASON_NAMES, reason)

    def owner(self, owner: str) -> str:
        """Whose check it is."""
        return self._of(texts.OWNERS, owner)

    def part(self, name: str) -> str:
        """A role's process: Monitor, Monitor 2."""
        role, number = role_and_number(name)
        word = self._word(f"part_{role}", role)
        return word if number == 1 else f"{word} {number}"

    def part_state(self, state: str) -> str:
        """The state that a role reports."""
        return self._word(f"part_{state}", state)

    def close_reason(self, reason: str) -> str:
        """What an alert was closed as."""
        return self._word(f"reason_{reason}", reason)

    def comparable(self, kind: str) -> str:
        """Whether the stores of a platform may be compared."""
        return self._word(f"comparable_{kind}", kind)

    def source_trouble(self, alert: Any) -> str:
        """What is wrong with the connection of an alert of the kind ``source``, with its owner, or what burns of one on ad spend; else empty."""
        spend = note_of_spend(alert.kind, alert.note)
        if spend is not None:
            wording = ReaderWording(self._reader.language)
            return " · ".join(say(spend, wording) for say in (spend_an_hour, spend_into, spend_basis))
        note = note_of_source(alert.kind, alert.note)
        if note is None:
            return ""
        said = [trouble_in_words(alert, note, self._reader.language), note.detail, note.owner]
        return " · ".join(part for part in said if part)

    def spend_cause(self, alert: Any) -> str:
        """Id of the alert on the step that an alert on ad spend is about; empty for any other."""
        spend = note_of_spend(alert.kind, alert.note)
        return spend.cause if spend is not None else ""

    def supply(self, supply: str) -> str:
        """How a source gives a stage."""
        return self._word(f"supply_{supply}", supply)

    def backfill_state(self, state: str) -> str:
        """Where a backfill is."""
        return self._word(f"backfill_state_{state}", state)

    def decision(self, action: str) -> str:
        """What routing decides."""
        return self._word(f"action_{action}", action)

    def via(self, via: str) -> str:
        """How somebody acted: on the page, through the API, by a link."""
        if via.startswith("link:"):
            return self._reader.word("via_link", receiver=via.removeprefix("link:"))
        return self._word(f"via_{via}", via)

    def did(self, action: Any) -> str:
        """Who did what, as one clause."""
        return self._reader.word(
            f"did_{action.kind}",
            who=action.who,
            assignee=action.assignee,
            reason=self.close_reason(action.reason),
            until=self._reader.moment(action.until_ms) if action.until_ms else "",
        )

    def link_question(self, kind: str) -> str:
        """What the link of a message asks for."""
        return self._word(f"link_{kind}", kind)

    def link_press(self, kind: str) -> str:
        """What its button says."""
        return self._word(f"press_{kind}", kind)

    def weekdays(self, days: tuple[str, ...]) -> str:
        """Days of the week as the reader writes them; every day for none."""
        if not days:
            return self._reader.word("mute_every_day")
        words = self._reader.locale.days["format"]["abbreviated"]
        return " ".join(words[WEEKDAYS.index(day)] for day in days)

    def window(self, minutes: int) -> str:
        """The length of a window."""
        return self._word(f"window_{minutes}", self._reader.span(minutes * 60_000))

    def hours(self, hours: int) -> str:
        """A number of hours, from two days on in days."""
        whole_days = hours >= 48 and hours % 24 == 0
        return self._reader.word("days", n=hours // 24) if whole_days else self._reader.word("hours", n=hours)

    def config(self, store_id: str) -> StoreConfig:
        """The store's configuration, named in the reader's language."""
        language = self._reader.language
        known = self._config.store(store_id) if self._config else None
        if known is not None:
            return known.model_copy(update={"name": known.called(language)})
        return StoreConfig.model_construct(id=store_id, name=texts.pool_name(store_id, language) or "")

    def place(self, kind: str, segment: str, among: Sequence[AlertContribution] = ()) -> str:
        """Where a part of a shortfall sits, named with the other parts: a segment, or a store of a pool."""
        if kind == AlertKind.POOLED:
            return self.store(segment)
        return texts.segment_name(segment, self._reader.language, [part.segment for part in among])

    def store(self, store_id: str) -> str:
        """A store's name."""
        return self.config(store_id).name or store_id

    def matchers(self, texts: Iterable[object]) -> str:
        """Conditions of a route in words: 类型 = 转化下降, kind = Conversion drop. Expressions stay as they are."""
        return ("，" if self._reader.language == "zh" else ", ").join(
            self._matcher(str(text)) for text in texts
        )

    def _matcher(self, text: str) -> str:
        found = parse_matcher(text)
        said: dict[str, Callable[[str], str]] = {
            "store_id": self.store,
            "step": self.step,
            "segment": self.segment,
            "kind": self.kind,
            "level": self.level,
            "label": self.label,
            "severity": lambda value: self._of(alert_words.SEVERITY_NAMES, value),
            "platform": self.platform,
            "country": self._reader.country,
            "owner": self.owner,
        }
        is_plain = found.operator in ("=", "!=")
        value = said[found.label](found.value) if is_plain and found.label in said else found.value
        return f"{self.labels((found.label,))} {found.operator} {value}"

    def labels(self, labels: Iterable[str]) -> str:
        """Labels of alerts in words."""
        return joined(self._reader.language, (self._word(f"matcher_{label}", label) for label in labels))

    def states_explained(self) -> list[tuple[str, str, str]]:
        """Every state: id, word, meaning."""
        language = self._reader.language
        return [
            (s.value, texts.STATE_NAMES[s](language), texts.STATE_MEANINGS[s](language)) for s in ScoreState
        ]
