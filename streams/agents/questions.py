"""The questions, one method each: what MCP offers as a tool and ``funnelwatch ask`` as a word.

An answer has the number, its unit, its window and where its definition is; every number is the read API's own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Annotated, Any, Literal

from pydantic import Field

from scoring.records.order_facts import LONGEST_ORDER_ID
from streams.agents.answers import AnswerStatus, fenced, fitting, lacking, moment, number
from streams.agents.api import ReadApi, of_store
from streams.agents.attributed import attribution_of
from streams.agents.errors import NotAllowedError, NotThereError, PageUnreachableError
from streams.agents.evaluated import evaluation_answer, one_number
from streams.agents.meanings import meaning_of
from streams.agents.ordered import order_answer

StoreName = Annotated[str, Field(description="Id of a store, as `stores` gives it.", max_length=64)]
PeriodName = Annotated[
    Literal["", "day", "week", "month", "quarter"],
    Field(
        description="Length of the period, the last complete one. Empty: the longest with enough of a past."
    ),
]
AgainstName = Annotated[
    Literal["", "own", "peers", "benchmark"],
    Field(description="What to compare with. Empty: the first that there is of peers, benchmark, own."),
]
LanguageName = Annotated[Literal["en", "zh"], Field(description="Language of texts.")]
NumberName = Annotated[
    str,
    Field(
        description="Id of an indicator, such as logistics.time_to_ship, or of a step, such as step:order_to_payment.",
        max_length=80,
    ),
]
#: rows behind a number that an answer may hold
_MOST_ROWS = 20


class Questions:
    """The questions about one page's stores.

    Args:
        api: of the page.
        only: ids of the stores that may be asked about; empty: all.
    """

    def __init__(self, api: ReadApi, only: Collection[str] = ()) -> None:
        self._api, self._only = api, frozenset(only)

    async def stores(
        self,
        after: Annotated[str, Field(description="Give the id of the last store of an answer to go on.")] = "",
        state: Annotated[
            str, Field(description="Only stores in this state, such as firing, breach, data_late or normal.")
        ] = "",
    ) -> dict[str, Any]:
        """All stores with id, platform and how their funnel is right now, the worst first."""
        found = (await self._api.get("/stores"))["stores"]
        mine = [one for one in found if not self._only or one["store_id"] in self._only]
        ids = [one["store_id"] for one in mine]
        begin = ids.index(after) + 1 if after in ids else 0
        shown = [one for one in mine[begin:] if state in ("", one["state"])]
        lines = [
            {
                "store": one["store_id"],
                "name": fenced(one["name"]),
                "platform": one["platform"],
                "state": one["state"],
                "firing_alerts": one["alert_count"],
                "last_event": moment(one["last_event_ms"]) or "never",
            }
            for one in shown
        ]
        return fitting({"status": _of(lines), "stores": lines}, "stores", "ask with after=ID of the last one")

    async def funnel(
        self,
        store: StoreName,
        window: Annotated[Literal[5, 60, 1440], Field(description="Minutes of the window.")] = 60,
        at: Annotated[
            str,
            Field(
                description="A past moment to look at, RFC 3339 such as 2026-03-04T12:00:00Z.", max_length=40
            ),
        ] = "",
        language: LanguageName = "en",
    ) -> dict[str, Any]:
        """A store's funnel over the last minutes: events by stage with what is expected, and the rate of each step."""
        self._check(store)
        found = await self._api.get(of_store(store, "/funnel"), window=window, at=at)
        counts = [one["count"] for one in found["stages"] if one["count"] is not None]
        return {
            "status": _of(any(counts)) if counts else AnswerStatus.UNKNOWN.value,
            "store": store,
            "window": {
                "from": moment(found["from_ms"]),
                "to": moment(found["to_ms"]),
                "minutes": found["window_minutes"],
                "judged_minutes": found["covered_minutes"],
            },
            "unit": "events of each stage; rates: arrivals downstream over arrivals upstream in the same window, not a cohort; orders without_page are in no step before the order",
            "stages": [
                {
                    "stage": one["stage"],
                    "count": number(one["count"], "no source supplies this stage"),
                    **({"without_page": one["pageless"]} if one.get("pageless") else {}),
                    "expected": number(
                        one["expected"], "no expectation of the whole window yet", AnswerStatus.NOT_YET
                    ),
                }
                for one in found["stages"]
            ],
            "steps": [
                {
                    "step": one["step"],
                    "name": meaning_of(f"step:{one['step']}", language)["name"],
                    "state": one["state"],
                    "rate": number(one["conversion_rate"], "nobody entered, or a stage is not supplied"),
                }
                for one in found["steps"]
            ],
        }

    async def alerts(
        self,
        store: Annotated[str, Field(description="Only of this store. Empty: of all.", max_length=64)] = "",
        state: Annotated[
            Literal["", "pending", "firing", "resolved"], Field(description="Only in this state. Empty: all.")
        ] = "firing",
        days: Annotated[int, Field(description="How many days back.", ge=1, le=90)] = 30,
    ) -> dict[str, Any]:
        """Alerts with what was observed and expected, what that cost and who handles them. They say where, never why."""
        if store:
            self._check(store)
            await self._api.get(of_store(store, "/segments"))  # an unknown store is not one without alerts
        found = (await self._api.get("/alerts", store=store, state=state, days=days, limit=200))["alerts"]
        mine = [one for one in found if not self._only or one["store_id"] in self._only]
        lines = [_alert(one) for one in mine]
        answer = {"status": _of(lines), "unit": "lost: events of the step's end", "alerts": lines}
        return fitting(answer, "alerts", "ask for one store, one state or fewer days")

    async def evaluation(
        self,
        store: StoreName,
        of: Annotated[
            str,
            Field(
                description="One number with everything behind it: id of an indicator, or step:ID.",
                max_length=80,
            ),
        ] = "",
        period: PeriodName = "",
        against: AgainstName = "",
        language: LanguageName = "en",
    ) -> dict[str, Any]:
        """A store's evaluation: health, six dimensions, steps with losses, indicators; or one number of it with `of`."""
        self._check(store)
        found = await self._api.get(of_store(store, "/evaluation"), period=period, against=against)
        if of:
            return one_number(found, of, language)
        return fitting(
            evaluation_answer(found, language), "indicators", "ask with of=ID; `definition` lists all ids"
        )

    async def attribution(
        self,
        store: StoreName,
        period: PeriodName = "",
        model: Annotated[
            Literal["last", "linear", "position", "markov", "shapley"],
            Field(description="How orders are shared out over the visits before them."),
        ] = "last",
        language: LanguageName = "en",
    ) -> dict[str, Any]:
        """Where a store's orders came from: channels and campaigns with spend, cost per order, ROAS real and claimed by ads platforms."""
        self._check(store)
        found = await self._api.get(of_store(store, "/attribution"), period=period)
        answer = attribution_of(found, model, language)
        if "lines" not in answer:
            return answer
        return fitting(answer, "lines", "the read API's /attribution has all lines")

    async def rows(
        self,
        store: StoreName,
        of: NumberName,
        period: PeriodName = "",
        limit: Annotated[int, Field(description="Rows at most.", ge=1, le=_MOST_ROWS)] = 5,
    ) -> dict[str, Any]:
        """The raw rows behind one number of a store's evaluation, with the SQL that gives all of them."""
        self._check(store)
        found = await self._api.get(of_store(store, "/evaluation/rows"), of=of, period=period, limit=limit)
        lines = [
            {name: fenced(cell) for name, cell in zip(found["columns"], row, strict=True) if cell}
            for row in found["rows"]
        ]
        answer = {
            "status": _of(lines),
            "store": store,
            "of": of,
            "sql": found["sql"],
            "more": found["truncated"],
            "rows": lines,
        }
        return fitting(answer, "rows", "run the sql with `funnelwatch sql`, or ask for fewer")

    async def order(
        self,
        order: Annotated[
            str,
            Field(
                description="Number of an order, as `rows` gives it.",
                min_length=1,
                max_length=LONGEST_ORDER_ID,
            ),
        ],
        store: Annotated[
            str, Field(description="Id of its store. Empty: whichever knows it.", max_length=64)
        ] = "",
    ) -> dict[str, Any]:
        """How one order got here: every report of it, by which door and when, what it changed, and its raw delivery."""
        if store:
            self._check(store)
        found = await self._api.get("/orders", order=order, store=store)
        return fitting(order_answer(found, self._only), "reports", "the page /orders has all reports")

    async def compare(self, of: NumberName, period: PeriodName = "") -> dict[str, Any]:
        """One number of all stores of a kind next to each other; where stores count it differently, in words why not."""
        groups = (await self._api.get("/evaluations", period=period))["groups"]
        lines = []
        for group in groups:
            shown = [one for one in group["numbers"] if one["id"] == of]
            lines += [_compared(group, one, self._only) for one in shown]
        if not lines:
            known = meaning_of(of, "en")["status"] == AnswerStatus.KNOWN
            why = "no two stores of one platform, country, category and zone have it in one period"
            return lacking(
                AnswerStatus.NOT_YET if known else AnswerStatus.UNKNOWN,
                why if known else f"no number {of[:80]!r}",
            )
        if all(one["status"] == AnswerStatus.REFUSED for one in lines):
            answer = {"status": AnswerStatus.REFUSED.value, "of": of, "groups": lines}
        else:
            answer = {"status": AnswerStatus.KNOWN.value, "of": of, "groups": lines}
        return fitting(answer, "groups", "narrow the stores of the server with --store")

    async def definition(
        self,
        of: Annotated[
            str,
            Field(
                description="An indicator, dimension, step:ID, stage, or score, health, coverage, loss. Empty: all ids.",
                max_length=80,
            ),
        ] = "",
        language: LanguageName = "en",
    ) -> dict[str, Any]:
        """What a number means: what is counted over what, its unit, its least number of cases, who can improve it."""
        return meaning_of(of, language)

    def _check(self, store: str) -> None:
        if self._only and store not in self._only:
            raise NotAllowedError(
                "this server may not be asked about that store; `stores` lists those it may"
            )


async def answered(question: Callable[..., Awaitable[dict[str, Any]]], **asked: Any) -> dict[str, Any]:
    """The answer to a question; what it has none to is said in the same form.

    Raises:
        BadQuestionError: the question makes no sense.
    """
    try:
        return await question(**asked)
    except NotThereError as error:
        lack = AnswerStatus.NOT_YET if "no complete" in str(error) else AnswerStatus.UNKNOWN
        return lacking(lack, str(error))
    except PageUnreachableError as error:
        return lacking(AnswerStatus.UNKNOWN, str(error))
    except NotAllowedError as error:
        return lacking(AnswerStatus.REFUSED, str(error))


def _of(something: object) -> str:
    return (AnswerStatus.KNOWN if something else AnswerStatus.ZERO).value


def _alert(one: dict[str, Any]) -> dict[str, Any]:
    people = one["people"]
    return {
        "alert": one["alert_id"],
        "store": one["store_id"],
        "kind": one["kind"],
        "step": one["step"],
        "segment": fenced(one["segment"]) if one["segment"] else "whole store",
        "state": one["state"],
        "opened": moment(one["opened_at_ms"]),
        "observed": number(one["observed"]),
        "expected": number(one["expected"]),
        "window_minutes": one["window_minutes"],
        "lost": number(one["lost"]),
        "money": {"amount": number(one["money"]["amount"]), "currency": one["money"]["currency"]}
        if one["money"]
        else lacking(AnswerStatus.UNKNOWN, "no price of an event is known"),
        "handled_by": fenced(people["assignee"] or people["acknowledged_by"] or "nobody yet"),
        **({"note": fenced(one["note"])} if one["note"] else {}),
    }


def _compared(group: dict[str, Any], one: dict[str, Any], only: Collection[str]) -> dict[str, Any]:
    kind = {name: group[name] for name in ("platform", "country", "category", "zone") if group[name]}
    window = {"from": moment(group["from_ms"]), "to": moment(group["to_ms"]), "period": group["period"]}
    if one["unlike"]:
        return {
            **lacking(AnswerStatus.REFUSED, "the stores count it differently: to compare would mislead"),
            "kind": kind,
            "differences": [fenced(line) for line in one["unlike"][:5]],
        }
    figures = [figure for figure in one["figures"] if not only or figure["store_id"] in only]
    return {
        "status": AnswerStatus.KNOWN.value,
        "kind": kind,
        "window": window,
        "figures": [
            {"store": figure["store_id"], "value": number(figure["value"]), "n": number(figure["n"])}
            for figure in figures
        ],
    }
