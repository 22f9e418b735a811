"""The ways to reach people, one a file. Each takes a ``Message`` and knows only its own service.

Lives here: payloads, signatures and error kinds of each service. Does not live here: rate limits, retries and claims
(``streams/notifier``), and what is said (``scoring/wording/cards.py``).
"""

from streams.channels.message import (
    Channel,
    Message,
    MessageKind,
    SendError,
    SendRefused,
    SendRetryable,
)

__all__ = ["Channel", "Message", "MessageKind", "SendError", "SendRefused", "SendRetryable"]
