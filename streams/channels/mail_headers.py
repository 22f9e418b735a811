"""Mail headers whose value is addresses in angle brackets: written as they are, folded between two of them only.

Python's own folding breaks a long word into encoded words (``=?utf-8?q?…?=``). RFC 2047, 5 (3) forbids them there, and mail
programs then find no link to unsubscribe by, and no mail that this one answers.
"""

from __future__ import annotations

from email.headerregistry import HeaderRegistry, UniqueUnstructuredHeader
from email.policy import EmailPolicy
from typing import Any
from urllib.parse import quote

#: printable ASCII but the space: what an address in angle brackets may hold; anything else is percent-encoded
_AS_IT_IS = "".join(chr(code) for code in range(0x21, 0x7F))


class _AngleHeader:
    """Folds at spaces only."""

    name: str

    def fold(self, *, policy: EmailPolicy) -> str:
        """The header as it is written into the mail, its line end included."""
        first, *others = quote(str(self), safe=_AS_IT_IS + " ").split() or [""]
        # the first part stays next to the name however long it is: a line of a name alone is not a fold (RFC 5322, 3.2.2)
        lines = [f"{self.name}: {first}"]
        for part in others:
            if len(lines[-1]) + 1 + len(part) > (policy.max_line_length or 998):
                lines.append("")
            lines[-1] += f" {part}"
        return policy.linesep.join(lines) + policy.linesep


class _UniqueAngleHeader(_AngleHeader, UniqueUnstructuredHeader):
    pass


def _registry() -> HeaderRegistry:
    registry = HeaderRegistry()
    kind: Any = _UniqueAngleHeader
    for name in (
        "list-unsubscribe", "list-unsubscribe-post", "list-subscribe", "list-help", "list-post", "list-owner",
        "list-archive", "archived-at", "message-id", "in-reply-to", "references", "content-id",
        "content-location",
    ):  # fmt: skip
        registry.map_to_type(name, kind)
    return registry


#: how Funnelwatch writes its mails
MAIL_POLICY = EmailPolicy(header_factory=_registry())
