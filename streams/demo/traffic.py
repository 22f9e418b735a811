"""Live visitors of one shop: journeys drawn from the same curves as the history, as events at their own times."""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.funnel.arrays import Floats
from scoring.funnel.units import MINUTE_MS
from streams.demo.shops import PlantedIncident, Shop
from streams.demo.world import RETURNING_SHARE, Curve, draw_delays_s, shop_seed

Event = dict[str, Any]

_CHANNELS = ("organic", "search_ads", "social", "mail")
_CHANNEL_SHARES = (0.4, 0.3, 0.2, 0.1)
_STAGES = ("add_to_cart", "order", "payment")


class Visitors:
    """The visitors of one shop.

    ``take(until_ms)`` gives, in time order, what happens until then; time only goes forward. Journeys are drawn for the
    whole minute at once and kept until their events are due.

    Args:
        curve: the shop over time.
        seed: of the demo.
        start_ms: events before it are not given, but visitors who came within the hour before still convert after it.
        fulfilments: expected fulfilments by minute from ``start_ms`` on, of orders paid in the history.
    """

    def __init__(self, curve: Curve, seed: int, start_ms: int, fulfilments: Floats) -> None:
        self._curve = curve
        self._shop: Shop = curve.shop
        self._random = shop_seed(seed, curve.shop, "live")
        self._start_ms = start_ms
        self._fulfilments = fulfilments
        self._drawn = start_ms // MINUTE_MS - 60
        self._due: list[tuple[int, int, Event]] = []
        self._number = 0
        self._devices = list(self._shop.devices)
        self._methods = list(self._shop.methods)
        self._incident: PlantedIncident | None = None
        self.lost = 0
        self._declined: list[Event] = []

    def break_payments(self, incident: PlantedIncident | None) -> None:
        """Lose the incident's share of payments from now on; None heals."""
        self._incident = incident

    def take(self, until_ms: int) -> list[Event]:
        """The events that happen until ``until_ms`` and were not given yet."""
        while self._drawn * MINUTE_MS < until_ms:
            self._draw(self._drawn)
            self._drawn += 1
        given: list[Event] = []
        while self._due and self._due[0][0] < until_ms:
            at_ms, _, event = heapq.heappop(self._due)
            if at_ms >= self._start_ms and not self._is_lost(event):
                given.append(event)
        return given

    def _is_lost(self, event: Event) -> bool:
        incident = self._incident
        if incident is None or event["type"] != "payment":
            return False
        if (event["device_class"], event["payment_method"]) != (incident.device, incident.method):
            return False
        is_lost = bool(self._random.random() < incident.lost_share)
        self.lost += is_lost
        if is_lost:
            self._declined.append(event)
        return is_lost

    def take_declined(self) -> list[Event]:
        """The payments that were lost since the last call."""
        declined, self._declined = self._declined, []
        return declined

    def _draw(self, minute: int) -> None:
        """Draw the journeys that begin in ``minute``."""
        random, curve, shop = self._random, self._curve, self._shop
        at = minute - curve.first_minute
        shown = int(random.poisson(curve.clicks[at] * shop.impressions_per_click))
        shown_ms = minute * MINUTE_MS + random.random(shown) * MINUTE_MS
        device = random.choice(len(self._devices), shown, p=list(shop.devices.values()))
        channel = random.choice(len(_CHANNELS), shown, p=_CHANNEL_SHARES)
        product = np.minimum(random.geometric(0.05, shown), 120)
        visitors = [f"v{number:x}" for number in random.integers(0, 1 << 52, shown).tolist()]
        self._put("impression", shown_ms, np.arange(shown), device, channel, product, visitors)
        who = np.nonzero(random.random(shown) < 1 / shop.impressions_per_click)[0]
        at_ms = shown_ms[who] + 1000 * draw_delays_s(random, "click", len(who))
        self._put("click", at_ms, who, device, channel, product, visitors)
        orders: list[Event] = [{} for _ in range(shown)]
        for stage, rate in zip(_STAGES, (curve.cart[at], curve.order[at], curve.payment[at]), strict=True):
            kept = random.random(len(who)) < rate
            who, at_ms = who[kept], at_ms[kept]
            at_ms = at_ms + 1000 * draw_delays_s(random, stage, len(who))
            if stage == "order":
                methods = random.choice(len(self._methods), len(who), p=list(shop.methods.values()))
                amounts = shop.basket * np.exp(random.normal(0.0, 0.5, len(who)))
                returning = random.random(len(who)) < RETURNING_SHARE
                for index, method, amount, again in zip(
                    who.tolist(), methods.tolist(), amounts.tolist(), returning.tolist(), strict=True
                ):
                    orders[index] = {
                        "order_id": f"{shop.id}-{visitors[index][1:]}",
                        "buyer": f"b{visitors[index][1:]}",
                        "payment_method": self._methods[method],
                        "amount": f"{amount:.2f}",
                        "currency": shop.currency,
                    }
                    if again:
                        orders[index]["returning"] = True
            self._put(stage, at_ms, who, device, channel, product, visitors, orders)
        self._draw_fulfilments(minute)

    def _put(
        self,
        stage: str,
        at_ms: Floats,
        who: NDArray[np.intp],
        device: NDArray[np.int64],
        channel: NDArray[np.int64],
        product: NDArray[np.int64],
        visitors: list[str],
        orders: list[Event] | None = None,
    ) -> None:
        kept = at_ms >= self._start_ms
        for index, when in zip(who[kept].tolist(), at_ms[kept].astype(np.int64).tolist(), strict=True):
            event: Event = {
                "store_id": self._shop.id,
                "type": stage,
                "event_time_ms": when,
                "visitor": visitors[index],
                "device_class": self._devices[device[index]],
                "channel": _CHANNELS[channel[index]],
                "country": self._shop.country,
                "product": f"sku-{product[index]}",
                "category": self._shop.category,
            }
            if orders is not None and orders[index]:
                details = dict(orders[index])
                returning = details.pop("returning", False)
                event.update(details)
                if stage == "order" and returning:
                    self._schedule(when, {**event, "type": "repurchase"})
            self._schedule(when, event)

    def _draw_fulfilments(self, minute: int) -> None:
        at = minute - self._start_ms // MINUTE_MS
        if not 0 <= at < len(self._fulfilments):
            return
        times = (
            minute * MINUTE_MS
            + self._random.random(int(self._random.poisson(self._fulfilments[at]))) * MINUTE_MS
        )
        for when in times.astype(np.int64).tolist():
            order_id = f"{self._shop.id}-{int(self._random.integers(0, 1 << 52)):x}"
            self._schedule(
                when,
                {
                    "store_id": self._shop.id,
                    "type": "fulfilment",
                    "event_time_ms": when,
                    "order_id": order_id,
                    "country": self._shop.country,
                },
            )

    def _schedule(self, at_ms: int, event: Event) -> None:
        self._number += 1
        if "order_id" not in event:
            event["event_id"] = f"{event['visitor']}-{event['type']}-{self._number:x}"
        heapq.heappush(self._due, (at_ms, self._number, event))
