"""What two of the demo's shops did in the sixteen weeks before: visits, orders, ads, reviews, answers, prices; for the evaluation.

Each week does a little better or worse in each thing, as shops do, and in the last one a shop's answers are slow. Drawn as tables of rows,
loaded as an import of history would be: received now. Nothing of the last days is drawn: their minutes are the live shops' own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from scoring.funnel.arrays import Floats, Ints
from scoring.funnel.units import DAY_MS, HOUR_MS, MINUTE_MS
from streams.demo.shops import Shop
from streams.demo.ways import Ways, ad_parts, draw_ways, linked
from streams.demo.world import shop_seed

#: weeks that are drawn, and days before the present of which nothing is
PAST_WEEKS, UNTOUCHED_DAYS = 16, 3
#: the oldest of them began at most so many days ago
DAYS_DRAWN = 7 * (PAST_WEEKS + 1)
#: visits a day that are drawn of a shop at most: rates need no more
_MOST_VISITS = 900
#: how far weeks lie apart, on the scale of log odds
_WEEKS_APART = 0.3
_THINGS = (
    "traffic", "cart", "order", "ship", "deliver", "refund", "stars", "answer", "page", "price", "ads", "error",
)  # fmt: skip
_PRODUCTS = 24


@dataclass(frozen=True, slots=True)
class LongerPast:
    """Rows by table."""

    tables: dict[str, list[pa.Table]]

    @property
    def rows(self) -> int:
        """How many."""
        return sum(part.num_rows for parts in self.tables.values() for part in parts)


def draw_longer_past(shops: Sequence[Shop], now_ms: int, seed: int) -> LongerPast:
    """The past of the shops whose pages are measured.

    Args:
        shops: those.
        now_ms: the present.
        seed: of the demo.
    """
    tables: dict[str, list[pa.Table]] = {
        "order_versions_raw": [],
        "report_versions_raw": [],
        "events_raw": [],  # the last: by them it is seen that all of it is there
    }
    for shop in shops:
        drawing = _Drawing(shop, now_ms, shop_seed(seed, shop, "longer past"), shop_seed(seed, shop, "ways"))
        for name, part in drawing.tables():
            tables[name].append(part)
    return LongerPast(tables)


def _chance(rate: float, mood: Floats) -> Floats:
    odds = rate / (1 - rate) * np.exp(mood)
    return np.asarray(odds / (1 + odds))


class _Drawing:
    """One shop's past."""

    def __init__(
        self, shop: Shop, now_ms: int, random: np.random.Generator, of_ways: np.random.Generator
    ) -> None:
        self._shop, self._now_ms, self._random, self._of_ways = shop, now_ms, random, of_ways
        zone = ZoneInfo(shop.zone)
        today = datetime.fromtimestamp(now_ms / 1000, zone).date()
        monday = today - timedelta(days=today.weekday())
        days = [monday - timedelta(days=back) for back in range(7 * PAST_WEEKS, -today.weekday(), -1)]
        starts = [round(datetime.combine(day, time(), zone).timestamp() * 1000) for day in days]
        self._starts = np.array(starts, dtype=np.int64)
        self._seen_until = now_ms - UNTOUCHED_DAYS * DAY_MS
        self._week = np.arange(len(days)) // 7
        moods = random.normal(0.0, _WEEKS_APART, (PAST_WEEKS + 1, len(_THINGS)))
        self._moods = dict(zip(_THINGS, moods.T, strict=True))
        self._slow = np.where(np.arange(PAST_WEEKS + 1) == PAST_WEEKS - 1, np.log(2.5), 0.0)
        self._number = 0

    def _mood(self, thing: str, day: Ints) -> Floats:
        return np.asarray(self._moods[thing][self._week[day]])

    def _days(self, a_day: float) -> Ints:
        """The day of each case."""
        return np.repeat(np.arange(len(self._starts)), self._random.poisson(a_day, len(self._starts)))

    def _times(self, day: Ints) -> Ints:
        return np.asarray(self._starts[day] + self._random.uniform(7, 23, len(day)) * HOUR_MS, dtype=np.int64)

    def tables(self) -> list[tuple[str, pa.Table]]:
        """All rows, by the table that they go to."""
        orders_a_day = self._shop.clicks_per_hour * 24 * self._shop.cart_rate * self._shop.order_rate
        visits, ordering, ordered_days = self._visits()
        feedback = self._feedback(orders_a_day)
        orders, fact_days = self._orders(orders_a_day)
        ids = [
            f"past-{self._shop.id}-{place:x}" if place >= 0 else ""
            for place in linked(ordered_days, fact_days)
        ]
        at = ordering.column_names.index("order_id")
        ordering = ordering.set_column(at, "order_id", pa.array(ids, pa.string()))
        return [
            ("events_raw", pa.concat_tables([visits, ordering])),
            ("events_raw", feedback),
            ("order_versions_raw", orders),
            ("report_versions_raw", self._ads(orders_a_day)),
        ]

    # ------------------------------------------------------------ events

    def _visits(self) -> tuple[pa.Table, pa.Table, Ints]:
        """What visits did, apart from it their orders, and the days of these."""
        random, shop = self._random, self._shop
        day = self._days(min(_MOST_VISITS, shop.clicks_per_hour * 24))
        at, size = self._times(day), len(day)
        product = random.integers(0, _PRODUCTS, size)
        is_bot = random.random(size) < _chance(0.04, self._mood("error", day))
        is_paid = random.random(size) < 0.35
        ways = draw_ways(self._of_ways, is_paid, is_bot)
        carted = random.random(size) < _chance(shop.cart_rate, self._mood("cart", day))
        ordered = carted & (random.random(size) < _chance(shop.order_rate, self._mood("order", day)))
        stays = random.random(size) < _chance(0.55, self._mood("traffic", day))
        page = self._mood("page", day)
        measured = random.random(size) < 0.4
        failed = random.random(size) < _chance(0.05, self._mood("error", day))
        empty = random.random(size) < _chance(0.12, self._mood("error", day))
        parts = [
            self._seen(at, "click", np.ones(size, bool), is_bot, ways, product),
            self._seen(at + 14_000, "click", stays, is_bot, ways, product + 1),
            self._seen(at + 40_000, "add_to_cart", carted, is_bot, ways, product),
            self._seen(
                at + 90_000,
                "checkout",
                carted,
                is_bot,
                ways,
                product,
                error=np.where(failed, "declined", ""),
            ),
            self._seen(
                at + 5_000, "search", measured, is_bot, ways, product, results=np.where(empty, "0", "8")
            ),
        ]
        for metric, centre, spread in (("LCP", 7.35, 0.5), ("CLS", -3.3, 1.0), ("INP", 4.6, 0.6)):
            value = np.exp(random.normal(centre - page / 2, spread))
            parts.append(
                self._seen(
                    at + 2_000, "page_vital", measured, is_bot, ways, product, metric=metric, value=value
                )
            )
        ordering = self._seen(at + 120_000, "order", ordered, is_bot, ways, product)
        days = day[ordered & (at + 120_000 < self._seen_until)]
        return pa.concat_tables([*parts, self._stocks()]), ordering, days

    def _seen(
        self, at: Ints, kind: str, which: NDArray[np.bool_], is_bot: NDArray[np.bool_], ways: Ways,
        product: Ints, **attributes: Any,
    ) -> pa.Table:  # fmt: skip
        """Events of the visits that have one."""
        rows = np.nonzero(which & (at < self._seen_until))[0]
        values = {
            name: ([value] * len(rows) if isinstance(value, str) else [_written(one) for one in value[rows]])
            for name, value in attributes.items()
        }
        return self._events(
            at[rows],
            kind,
            visitor=[f"p{row:x}" for row in ways.who[rows]],
            device=np.where(is_bot[rows], "bot", "ios").tolist(),
            channel=ways.channels[rows].tolist(),
            campaign=ways.campaigns[rows].tolist(),
            product=[f"sku-{one % _PRODUCTS}" for one in product[rows].tolist()],
            attributes=[
                [(name, texts[place]) for name, texts in values.items() if texts[place]]
                for place in range(len(rows))
            ],
        )

    def _stocks(self) -> pa.Table:
        """Once a day each product's stock; some are sold out, more of them in bad weeks."""
        days = np.repeat(np.arange(len(self._starts)), _PRODUCTS)
        at = self._starts[days] + HOUR_MS
        days, at = days[at < self._seen_until], at[at < self._seen_until]
        left = np.where(self._random.random(len(at)) < _chance(0.05, self._mood("error", days)), 0, 20)
        names = [f"sku-{place % _PRODUCTS}" for place in range(len(at))]
        return self._events(at, "stock", product=names, quantity=left.tolist())

    def _feedback(self, orders_a_day: float) -> pa.Table:
        random = self._random
        day = self._days(max(orders_a_day / 4, 20))
        stars = _stars(random, self._mood("stars", day))
        parts = [
            self._events(self._times(day), "review", attributes=[[("rating", str(one))] for one in stars])
        ]
        day = self._days(max(orders_a_day / 2, 40))
        waited = np.exp(random.normal(3.2 + self._mood("answer", day) + self._slow[self._week[day]], 1.1))
        silent = random.random(len(day)) < _chance(0.08, self._mood("answer", day))
        rated, stars = random.random(len(day)) < 0.4, _stars(random, self._mood("stars", day))
        noted = [
            ([] if quiet else [("answered_min", f"{minutes:.1f}")])
            + ([("rating", str(one))] if rates else [])
            for quiet, minutes, rates, one in zip(silent, waited, rated, stars, strict=True)
        ]
        parts.append(self._events(self._times(day), "support_reply", attributes=noted))
        day = np.repeat(np.arange(len(self._starts)), _PRODUCTS)
        ratio = np.exp(self._mood("price", day) / 5 + random.normal(0, 0.04, len(day)))
        parts.append(
            self._events(
                self._starts[day] + 2 * HOUR_MS,
                "price",
                product=[f"sku-{place % _PRODUCTS}" for place in range(len(day))],
                amount=[f"{one:.2f}" for one in self._shop.basket * ratio],
                attributes=[[("reference", f"{self._shop.basket:.2f}")]] * len(day),
            )
        )
        return pa.concat_tables(parts)

    def _events(self, at: Ints, kind: str, **columns: list[Any]) -> pa.Table:
        size = len(at)
        self._number += size
        first = self._number - size
        blank = [""] * size
        device = columns.get("device", blank)
        now = [self._now_ms] * size
        return pa.table(
            {
                "store_id": pa.array([self._shop.id] * size, pa.string()),
                "event_time": pa.array(at, pa.timestamp("ms", "UTC")),
                "type": pa.array([kind] * size, pa.string()),
                "event_id": pa.array(
                    [f"past-{self._shop.id}-{first + place:x}" for place in range(size)], pa.string()
                ),
                "received_at": pa.array(now, pa.timestamp("ms", "UTC")),
                "visitor": pa.array(columns.get("visitor", blank), pa.string()),
                "product": pa.array(columns.get("product", blank), pa.string()),
                "quantity": pa.array(columns.get("quantity", [1] * size), pa.int64()),
                "amount": pa.array(columns.get("amount", blank), pa.string()),
                "currency": pa.array(
                    [self._shop.currency if "amount" in columns else ""] * size, pa.string()
                ),
                "device_class": pa.array(device, pa.string()),
                "channel": pa.array(columns.get("channel", blank), pa.string()),
                "campaign": pa.array(columns.get("campaign", blank), pa.string()),
                "order_id": pa.array(blank, pa.string()),
                "country": pa.array([self._shop.country] * size, pa.string()),
                "source": pa.array(["demo"] * size, pa.string()),
                "attributes": pa.array(
                    columns.get("attributes", [[]] * size), pa.map_(pa.string(), pa.string())
                ),
                "version": pa.array([1] * size, pa.uint64()),
            }
        )

    # ------------------------------------------------------------ orders and reports

    def _orders(self, a_day: float) -> tuple[pa.Table, Ints]:
        """The orders, and the day of each."""
        random, shop = self._random, self._shop
        day = self._days(a_day)
        placed = self._times(day)
        paid = placed + (random.uniform(1, 40, len(day)) * MINUTE_MS).astype(np.int64)
        hours = np.exp(random.normal(3.1 + self._mood("ship", day), 0.5))
        shipped = paid + (hours * HOUR_MS).astype(np.int64)
        delivered = shipped + (np.exp(random.normal(4.0 + self._mood("deliver", day), 0.4)) * HOUR_MS).astype(
            np.int64
        )
        refunded = np.where(
            random.random(len(day)) < _chance(0.06, self._mood("refund", day)), paid + 4 * DAY_MS, 0
        )
        keep = placed < self._now_ms - HOUR_MS
        placed, paid, shipped, delivered, refunded = (
            one[keep] for one in (placed, paid, shipped, delivered, refunded)
        )
        size = len(placed)
        known = [np.where(one < self._now_ms, one, 0) for one in (paid, shipped, delivered, refunded)]
        amount = [f"{one:.2f}" for one in shop.basket * np.exp(random.normal(0.0, 0.5, size))]
        texts: dict[str, list[str]] = {
            "store_id": [shop.id] * size,
            "order_id": [f"past-{shop.id}-{place:x}" for place in range(size)],
            "source": ["demo"] * size,
            "amount": amount,
            "currency": [shop.currency] * size,
        }
        refunds = [[("r", worth)] if at else [] for worth, at in zip(amount, known[3], strict=True)]
        when = [[("r", int(at))] if at else [] for at in known[3]]
        made = pa.table(
            {name: pa.array(values, pa.string()) for name, values in texts.items()}
            | {
                "told_at_ms": pa.array([self._now_ms] * size, pa.int64()),
                "placed_ms": pa.array(placed, pa.int64()),
                **{
                    f"{name}_ms": pa.array(one, pa.int64())
                    for name, one in zip(("paid", "shipped", "delivered"), known, strict=False)
                },
                "refunds": pa.array(refunds, pa.map_(pa.string(), pa.string())),
                "refund_times": pa.array(when, pa.map_(pa.string(), pa.int64())),
                "history": pa.array([1] * size, pa.uint8()),
                "digest": pa.array(range(size), pa.uint64()),
            }
        )
        return made, day[keep]

    def _ads(self, orders_a_day: float) -> pa.Table:
        """Spend, impressions and clicks of each day, as an ads platform reports them."""
        random, shop = self._random, self._shop
        days = np.arange(len(self._starts))[self._starts + DAY_MS < self._seen_until]
        shown = random.poisson(60_000, len(days))
        clicks = random.binomial(shown, _chance(0.02, self._mood("traffic", days)))
        spend = shop.basket * orders_a_day * 0.1 * np.exp(-self._mood("ads", days))
        figures = {"impressions": shown, "clicks": clicks, "spend": np.round(spend, 2)}
        visits = min(_MOST_VISITS, shop.clicks_per_hour * 24)
        by_ads = 0.35 * visits * shop.cart_rate * shop.order_rate
        parts: list[tuple[str, dict[str, Any]]] = [
            ("", figures),
            *ad_parts(self._of_ways, spend, by_ads, shop.basket),
        ]
        rows = [
            (name, int(self._starts[day]), float(value), campaign)
            for campaign, measures in parts
            for name, values in measures.items()
            for day, value in zip(days.tolist(), values.tolist(), strict=True)
        ]
        size = len(rows)
        begins = [at // 1000 for _, at, _, _ in rows]
        return pa.table(
            {
                "store_id": pa.array([shop.id] * size, pa.string()),
                "source": pa.array(["meta"] * size, pa.string()),
                "measure": pa.array([name for name, _, _, _ in rows], pa.string()),
                "period": pa.array(["day"] * size, pa.string()),
                "period_start": pa.array(begins, pa.uint32()),
                "period_end": pa.array([at + DAY_MS // 1000 for at in begins], pa.uint32()),
                "zone": pa.array([shop.zone] * size, pa.string()),
                "value": pa.array([f"{value:.2f}" for _, _, value, _ in rows], pa.string()),
                "currency": pa.array(
                    [shop.currency if name in ("spend", "revenue") else "" for name, *_ in rows], pa.string()
                ),
                "dimensions": pa.array(
                    [[("campaign", one)] if one else [] for *_, one in rows],
                    pa.map_(pa.string(), pa.string()),
                ),
                "parts": pa.array([f"campaign={one}" if one else "" for *_, one in rows], pa.string()),
                "complete": pa.array([1] * size, pa.uint8()),
                "told_at": pa.array([at * 1000 + 3 * DAY_MS for at in begins], pa.timestamp("ms", "UTC")),
                "digest": pa.array(range(size), pa.uint64()),
            }
        )


def _written(value: Any) -> str:
    return value if isinstance(value, str) else f"{float(value):.4f}"


def _stars(random: np.random.Generator, mood: Floats) -> list[int]:
    """Ratings from 1 to 5, better ones in better weeks."""
    return np.clip(np.round(random.normal(4.3 + mood, 0.9)), 1, 5).astype(int).tolist()  # type: ignore[no-any-return]
