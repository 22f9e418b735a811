"""How far from the present an event's times may be: each bound with the one decision that it is for.

The collector checks a sender's clock against its own and is strict. Whoever reads the log checks a record that the collector, or
somebody else, wrote: there the clocks of machines and the order of records are in question, so it is lenient.
"""

from __future__ import annotations

from scoring.funnel.units import HOUR_MS, MINUTE_MS

#: at the door: a sender's ``event_time`` may be ahead of the collector's clock by this much; more is ``time_in_future``
CLOCK_AHEAD_MS = 5 * MINUTE_MS
#: in the log: a record's ``received_at`` may be ahead of the reader's clock, and its ``event_time`` ahead of its
#: ``received_at``, by this much before the record is doubted; a wrong one would turn time forward for all others
BELIEVED_AHEAD_MS = HOUR_MS
#: 2000-01-01T00:00:00Z: no funnel event is older; what is, is a broken clock or seconds taken for milliseconds
OLDEST_MS = 946_684_800_000
#: 2100-01-01T00:00:00Z: no time of a record is later, and every table can hold it
NEWEST_MS = 4_102_444_800_000
