"""An event as a sender writes it: the fields of the HTTP interface, their types and their limits.

On the path of an event: decoded by ``scoring/events/parsing.py`` from the body that ``streams/collector`` took.
It is the canonical event without what the collector itself sets, and with raw visitor and buyer ids, which are
replaced by pseudonyms before anything is kept.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from scoring.events.event import DeviceClass, EventType

MAX_ATTRIBUTES = 20
MAX_QUANTITY = 1_000_000_000

_Id = Annotated[str, Meta(max_length=128)]
_Long = Annotated[str, Meta(max_length=256)]
_Word = Annotated[str, Meta(max_length=64)]
_Time = Annotated[datetime, Meta(tz=True)]
_Attributes = Annotated[
    dict[Annotated[str, Meta(min_length=1, max_length=64)], Annotated[str, Meta(max_length=512)]],
    Meta(max_length=MAX_ATTRIBUTES),
]


class IncomingEvent(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """One event of ``POST /v1/events``. ``null`` and an empty text mean that the sender does not know the field.

    ``event_time`` is RFC 3339 with its offset, or milliseconds since 1970; ``event_time_ms`` is the same in
    milliseconds. ``amount`` is decimal text (an integer is taken too; a fraction as a JSON number is not, because
    it may have lost its cents already). ``user_agent`` gives the device class and is then forgotten.
    """

    type: EventType
    store_id: _Word | None = None
    event_time: _Time | int | None = None
    event_time_ms: int | None = None
    event_id: _Id | None = None
    visitor: _Long | None = None
    buyer: _Long | None = None
    session: _Long | None = None
    order_id: _Id | None = None
    product: _Long | None = None
    category: _Long | None = None
    country: Annotated[str, Meta(max_length=2)] | None = None
    device_class: DeviceClass | None = None
    channel: _Word | None = None
    campaign: _Long | None = None
    payment_method: _Word | None = None
    quantity: Annotated[int, Meta(ge=0, le=MAX_QUANTITY)] | None = None
    amount: Annotated[str, Meta(max_length=40)] | int | None = None
    currency: Annotated[str, Meta(max_length=3)] | None = None
    attributes: _Attributes | None = None
    user_agent: Annotated[str, Meta(max_length=2048)] | None = None


#: set by the collector, so a sender may not
SET_BY_THE_COLLECTOR = frozenset(
    {
        "received_at",
        "received_at_ms",
        "schema_version",
        "source",
        "platform",
        "letter_id",
        "set_apart",
        "import_id",
    }
)

#: ISO 4217 currencies in use, funds codes and metals left out (list of 2024-06)
CURRENCIES = frozenset(
    re.findall(
        r"\w+",
        """AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
    CLF CLP CNH CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL
    HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA
    MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB
    RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD
    UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG ZWL""",
    )
)
