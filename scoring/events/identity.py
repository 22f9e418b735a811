"""What an event is recognised by, and how far the door it came in by is trusted.

The key of the pixel is in public pages, so whoever reads a page can send what it likes by that door. Therefore

* ids of the pixel's door live in a space of their own (``PIXEL_IDS``), given or made: none of them is ever the id of an event
  of a trusted door;
* what a page says of an order is evidence. A trusted report of the same order takes its place, in whatever order they come.

On the path of an event: ids are put into their space by ``scoring/events/canonical.py``; ``scoring/counting/partition.py`` and
``streams/landing`` ask here for records that an older release wrote.
"""

from __future__ import annotations

from scoring.events.event import EventType, Source

#: begins every id of the pixel's door
PIXEL_IDS = "pixel:"
#: put before an id of a trusted door that begins with ``PIXEL_IDS`` or with this: no two ids become one by it
_TRUSTED_IDS = "server:"
#: the door that anybody can use
PUBLIC_SOURCE = Source.PIXEL.value
#: what happens to an order once, however often and in however many parcels it is reported
ONCE_PER_ORDER = (EventType.ORDER, EventType.PAYMENT, EventType.FULFILMENT, EventType.REPURCHASE)


def id_of_door(event_id: str, source: str) -> str:
    """The id under which an event that came in by ``source`` is known, from the one that was given or made for it."""
    if source == PUBLIC_SOURCE:
        return PIXEL_IDS + event_id
    return _TRUSTED_IDS + event_id if event_id.startswith((PIXEL_IDS, _TRUSTED_IDS)) else event_id


def known_id(event_id: str, source: str) -> str:
    """The id of a record in the log: older releases wrote those of the pixel's door as they were given."""
    return (
        PIXEL_IDS + event_id if source == PUBLIC_SOURCE and not event_id.startswith(PIXEL_IDS) else event_id
    )
