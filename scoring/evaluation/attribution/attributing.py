"""The attribution of one store in one period: channels, campaigns and ads platforms, each with what is known of it and why the rest is not.

Orders of the shop and orders that a platform claims are shown side by side and are never added. What ads cost is held against orders of the
same days only. A figure below its floor is withheld, and the reason says how much there was and how much it takes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from scoring.evaluation.attribution.ads import AdSum
from scoring.evaluation.attribution.chain import channel_ways, removal_credits
from scoring.evaluation.attribution.compared import compared_in_all, compared_with
from scoring.evaluation.attribution.credits import (
    SHARED_BY,
    AttributionModel,
    Credit,
    credits_by,
    rounded_sum,
    shared_exactly,
)
from scoring.evaluation.attribution.journeys import PAID, CameBy, OrderPath, last_said
from scoring.evaluation.attribution.lines import (
    AttributedLine,
    Attribution,
    AttributionFacts,
    AttributionLack,
    AttributionRefusal,
)
from scoring.evaluation.attribution.priced import OrdersMoney, PricedFacts, together
from scoring.evaluation.figure import SourceRows

#: orders and visits within thirty days from which on Markov removal and the Shapley value are given
LEAST_CONVERSIONS, LEAST_INTERACTIONS = 200, 2000
#: the models that need many ways
BY_MANY_WAYS = (AttributionModel.MARKOV, AttributionModel.SHAPLEY)


def attribute(facts: AttributionFacts) -> Attribution:
    """The attribution of a store in a period."""
    work = PricedFacts(facts)
    for path in facts.paths:
        work.take(path)
    withheld = _withheld(facts, work.known.orders)
    used = {path.currency for path in facts.paths} | {one.currency for one in facts.ads.sources}
    return Attribution(
        facts.store,
        facts.span,
        facts.currency,
        work.all.orders,
        work.known.orders,
        None if work.all.money is None else rounded_sum([work.all.money]),
        None if work.known.money is None else rounded_sum([work.known.money]),
        work.all.unpriced,
        _channels(work, withheld),
        _campaigns(work),
        tuple(_source(work, one) for one in facts.ads.sources),
        withheld,
        facts.ads.window,
        facts.recent,
        tuple(rate for name, rate in sorted(facts.rates.items()) if name in used and name != facts.currency),
        facts.base,
    )


def _withheld(facts: AttributionFacts, known: int) -> dict[AttributionModel, tuple[AttributionRefusal, ...]]:
    if not known:
        return {model: (AttributionRefusal(AttributionLack.NO_WAYS),) for model in AttributionModel}
    lacks = tuple(
        AttributionRefusal(lack, have, need)
        for lack, have, need in (
            (AttributionLack.BELOW_FLOOR, facts.recent[0], LEAST_CONVERSIONS),
            (AttributionLack.FEW_WAYS, facts.recent[1], LEAST_INTERACTIONS),
        )
        if have < need
    )
    return dict.fromkeys(BY_MANY_WAYS, lacks) if lacks else {}


def _channels(
    work: PricedFacts, withheld: Mapping[AttributionModel, tuple[AttributionRefusal, ...]]
) -> tuple[AttributedLine, ...]:
    facts = work.facts
    ways = [replace(path, places=tuple(CameBy(one.channel) for one in path.places)) for path in work.ways]
    shared: dict[str, dict[AttributionModel, Credit]] = defaultdict(dict)
    for model in SHARED_BY:
        if model not in withheld:
            for place, credit in credits_by(model, ways).items():
                shared[place.channel][model] = credit
    if AttributionModel.MARKOV not in withheld:
        for channel, credit in _by_removal(work).items():
            shared[channel][AttributionModel.MARKOV] = credit
    visits: dict[str, int] = defaultdict(int)
    for place, count in facts.visits.items():
        visits[place.channel] += count
    made = []
    for channel in sorted({*shared, *visits}):
        in_ads = together(one for place, one in work.in_ads.items() if place.channel == channel)
        compared = compared_in_all(work, in_ads) if channel == PAID else None
        rows = [_ways_of(work, CameBy(channel), by_campaign=False)]
        if compared is not None and facts.ads.sources:
            rows.append(_ads_rows(facts, facts.ads.sources))
        made.append(AttributedLine(channel, "", "", visits[channel], shared[channel], compared, tuple(rows)))
    return tuple(made)


def _by_removal(work: PricedFacts) -> dict[str, Credit]:
    """Markov removal: parts of the orders, and the same parts of the money. What the money spreads is not known of a chain."""
    found = removal_credits(channel_ways(work.ways, work.facts.lost))
    if not found or work.known.money is None:
        return {}
    whole = sum((Fraction(one.value) for one in found.values()), Fraction(0))
    parts = {name: Fraction(one.value) / whole for name, one in found.items()}
    orders = shared_exactly({name: part * work.known.orders for name, part in parts.items()})
    money = shared_exactly({name: part * Fraction(work.known.money) for name, part in parts.items()})
    return {
        name: Credit(orders[name], one.low, one.high, money[name], 0.0, 0.0) for name, one in found.items()
    }


def _campaigns(work: PricedFacts) -> tuple[AttributedLine, ...]:
    """Campaigns that visits or ads name. A name is one campaign, however it is written, unless two platforms have one of that name."""
    facts = work.facts
    spelled: dict[tuple[str, str], _Spelled] = {}
    shared = _campaign_credits(work)
    places = sorted({*shared, *facts.visits})
    named = {place.channel for place in places if place.campaign}
    for place in places:
        if place.channel in named:
            spelled.setdefault((place.channel, _folded(place.campaign)), _Spelled()).places.append(place)
    for one in facts.ads.campaigns:
        if one.campaign:
            spelled.setdefault((PAID, _folded(one.campaign)), _Spelled()).ads.append(one)
    made: list[AttributedLine] = []
    for (channel, _), counted in sorted(spelled.items()):
        made += _campaign(work, channel, counted, shared)
    return tuple(made)


def _campaign_credits(work: PricedFacts) -> dict[CameBy, Credit]:
    """The credits by channel and campaign. Those of a channel add up to the channel's own, to the cent."""
    by_channel: dict[str, list[OrderPath]] = defaultdict(list)
    for path in work.ways:
        by_channel[last_said(path.places).channel].append(path)
    whole = {
        name: sum((Fraction(path.money) for path in some), Fraction(0)) for name, some in by_channel.items()
    }
    cents = shared_exactly(whole)
    found: dict[CameBy, Credit] = {}
    for name, some in sorted(by_channel.items()):
        found |= credits_by(AttributionModel.LAST, some, cents[name])
    return found


@dataclass(slots=True)
class _Spelled:
    """The places and the ads that one name of a campaign has."""

    places: list[CameBy] = field(default_factory=list)
    ads: list[AdSum] = field(default_factory=list)


def _campaign(
    work: PricedFacts, channel: str, counted: _Spelled, shared: Mapping[CameBy, Credit]
) -> Iterable[AttributedLine]:
    facts = work.facts
    name = counted.places[0].campaign if counted.places else counted.ads[0].campaign
    visits = sum(facts.visits.get(place, 0) for place in counted.places) if counted.places else None
    credit = _added([shared[place] for place in counted.places if place in shared], work, counted.places)
    in_ads = together(work.in_ads[place] for place in counted.places if place in work.in_ads)
    rows: list[SourceRows] = []
    if counted.places:
        rows.append(_ways_of(work, *counted.places, by_campaign=True))
    own = {AttributionModel.LAST: credit} if credit is not None else {}
    if len(counted.ads) <= 1:
        compared = None
        for ad in counted.ads:
            lack = None if counted.places else AttributionRefusal(AttributionLack.NO_TAG)
            compared = compared_with(work, ad, in_ads, lack)
            rows.append(_ads_rows(facts, [ad]))
        source = counted.ads[0].source if counted.ads else ""
        yield AttributedLine(channel, name, source, visits, own, compared, tuple(rows))
        return
    if counted.places:
        yield AttributedLine(channel, name, "", visits, own, None, tuple(rows))
    for ad in counted.ads:
        withheld = AttributionRefusal(AttributionLack.SAME_NAME)
        compared = compared_with(work, ad, OrdersMoney(), withheld)
        yield AttributedLine(channel, ad.campaign, ad.source, None, {}, compared, (_ads_rows(facts, [ad]),))


def _source(work: PricedFacts, ad: AdSum) -> AttributedLine:
    """A platform: what it cost and what it claims. Which paid visits came from it, visits do not say."""
    sources = {one.source for one in work.facts.ads.sources}
    if len(sources) == 1:
        in_ads = together(one for place, one in work.in_ads.items() if place.channel == PAID)
        compared = compared_with(work, ad, in_ads, None)
    else:
        compared = compared_with(work, ad, OrdersMoney(), AttributionRefusal(AttributionLack.NOT_BY_SOURCE))
    return AttributedLine(PAID, "", ad.source, None, {}, compared, (_ads_rows(work.facts, [ad]),))


def _added(some: Sequence[Credit], work: PricedFacts, places: Sequence[CameBy]) -> Credit | None:
    """The credits of several spellings of a campaign together."""
    if len(some) <= 1:
        return next(iter(some), None)
    folded = [
        replace(path, places=(CameBy("", "all"),)) for path in work.ways if last_said(path.places) in places
    ]
    whole = next(iter(credits_by(AttributionModel.LAST, folded).values()))
    orders = sum((one.orders for one in some), Decimal(0))
    return replace(whole, orders=orders, money=sum((one.money for one in some), Decimal(0)))


def _ways_of(work: PricedFacts, *places: CameBy, by_campaign: bool) -> SourceRows:
    """The orders that are credited to a place by the last visit that says anything."""
    relation, condition = work.facts.ways_from
    channels = ", ".join(sorted({_quoted(one.channel) for one in places}))
    which = f"channel IN ({channels})"
    if by_campaign:
        which += f" AND campaign IN ({', '.join(sorted({_quoted(one.campaign) for one in places}))})"
    wanted = {one if by_campaign else one.channel for one in places}
    count = sum(
        path.orders
        for path in work.ways
        if (last_said(path.places) if by_campaign else last_said(path.places).channel) in wanted
    )
    return SourceRows(relation, f"{condition} AND notEmpty(touches) AND {which}", count)


def _ads_rows(facts: AttributionFacts, ads: Sequence[AdSum]) -> SourceRows:
    relation, condition = facts.ads_from
    sources = ", ".join(sorted({_quoted(one.source) for one in ads}))
    parts = sorted({parts for one in ads for parts in one.parts})
    which = f"source IN ({sources}) AND arraySort(mapKeys(dimensions)) IN ({', '.join(map(_array, parts))})"
    named = sorted({_quoted(one.campaign) for one in ads if one.campaign})
    if named:
        which += f" AND dimensions['campaign'] IN ({', '.join(named)})"
    return SourceRows(relation, f"{condition} AND {which}", sum(one.rows for one in ads))


def _array(parts: Sequence[str]) -> str:
    return f"[{', '.join(map(_quoted, parts))}]" if parts else "emptyArrayString()"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\0", "\\0")
    return f"'{escaped}'"


def _folded(campaign: str) -> str:
    """A campaign's name without what people write now so, now so: case, and what separates words."""
    return "".join(sign for sign in campaign.casefold() if sign not in " _-+.")
