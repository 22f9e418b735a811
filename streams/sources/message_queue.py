"""A queue of the owner's own (Amazon SQS): messages are received, made durable, and only then deleted.

What was received and not deleted comes again, and is recognised by the id that its sender gave it. Requests are signed by Amazon's own
library.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import urlsplit

from streams.sources.asking import AnswerGarbledError, HttpAnswer, HttpRequest, PlatformApi
from streams.sources.connection import Connection
from streams.sources.market_asking import part_of
from streams.sources.source import PolledRow, PollPage

_MESSAGES, _HIDDEN_S = 10, 120
_REGION_OF_TESTS = "us-east-1"


class QueueSettings(Protocol):
    """Where the queue is, and the key that may read it."""

    @property
    def queue(self) -> str: ...
    @property
    def aws_key_id(self) -> str: ...
    @property
    def aws_secret(self) -> str: ...


#: the row of a message: from the answer, the message's text, and its id in the queue
RowOfMessage = Callable[[HttpAnswer, str, str], PolledRow]


async def received(
    config: QueueSettings, row_of_message: RowOfMessage, api: PlatformApi, mark: str
) -> PollPage:
    """Ten messages. The mark is the receipts of the page before: its rows are durable by now, so they are deleted first."""
    receipts: list[str] = json.loads(mark) if mark else []
    if receipts:
        entries = [{"Id": str(at), "ReceiptHandle": receipt} for at, receipt in enumerate(receipts)]
        await api.ask(_request(config, "DeleteMessageBatch", {"Entries": entries}))
    asked = {"MaxNumberOfMessages": _MESSAGES, "VisibilityTimeout": _HIDDEN_S, "WaitTimeSeconds": 0}
    answer = await api.ask(_request(config, "ReceiveMessage", asked))
    content = part_of(answer, answer.json())
    found = content.get("Messages") or []
    if not isinstance(found, list):
        raise AnswerGarbledError(f"{answer.host} answered with `Messages` that are not a list")
    rows = [row_of_message(answer, *_message(answer, one)) for one in found]
    given = [str(part_of(answer, one, "ReceiptHandle", kind=str)) for one in found]
    return PollPage(rows=rows, next_mark=json.dumps(given) if given else "")


def _message(answer: HttpAnswer, message: Any) -> tuple[str, str]:
    return part_of(answer, message, "Body", kind=str), part_of(answer, message, "MessageId", kind=str)


def _request(config: QueueSettings, action: str, content: dict[str, Any]) -> HttpRequest:
    place = urlsplit(config.queue)
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AmazonSQS.{action}"}
    body = json.dumps({"QueueUrl": config.queue, **content}).encode()
    return HttpRequest(f"{place.scheme}://{place.netloc}/", "POST", headers=headers, body=body)


def is_of_queue(config: QueueSettings, request: HttpRequest) -> bool:
    """Whether a request goes to the queue, which knows no token of the API."""
    return bool(config.queue) and urlsplit(request.url)[:2] == urlsplit(config.queue)[:2]


def signed(connection: Connection, request: HttpRequest) -> HttpRequest:
    """A request to the queue, signed with the key of the queue's account (Signature Version 4)."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    config: QueueSettings = connection.config
    parts = (urlsplit(config.queue).hostname or "").split(".")
    region = parts[1] if parts[0] == "sqs" and len(parts) > 2 else _REGION_OF_TESTS
    key = Credentials(connection.secret(config.aws_key_id), connection.secret(config.aws_secret))
    made = AWSRequest(request.method, request.url, headers=dict(request.headers), data=request.body)
    SigV4Auth(key, "sqs", region).add_auth(made)
    return HttpRequest(request.url, request.method, request.query, dict(made.headers.items()), request.body)
