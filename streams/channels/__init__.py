"""The ways to reach people, one a file. Each takes a ``Message`` and knows only its own service.

Lives here: one file a channel with its receivers' configuration, limits, payload, signature and kinds of failure; the tuple of
all channels (``registry.py``). Does not live here: pacing, retries and claims (``streams/notifier/notifier.py``), and what is said
(``scoring/wording/cards.py``). Nothing here imports ``streams/config``: the configuration imports the receivers' models.
"""

from streams.channels.message import (
    Channel,
    Message,
    MessageKind,
    SendError,
    SendRejectedError,
    SendRetryableError,
)

__all__ = ["Channel", "Message", "MessageKind", "SendError", "SendRejectedError", "SendRetryableError"]
