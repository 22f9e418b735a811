"""Lays a digest out: HTML, plain text and pictures, as a mail or as files to look at.

The HTML carries every number as text; pictures are inline (``cid:``) with the numbers as alternative text, in light and dark.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage

import css_inline
import jinja2

from scoring.digest.sentences import axis_name
from scoring.digest.values import Digest, Verdict
from scoring.digest.worded import SaidDigest
from streams.channels.mail import new_mail
from streams.digests import pictures

_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("streams.digests", "templates"),
    autoescape=jinja2.select_autoescape(("html.j2",)),
    trim_blocks=True,
    lstrip_blocks=True,
)
#: keeps the rules for dark readers and phones, which no inline style can say
_INLINER = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a digest leads: the live page, and how to be left out (each may be empty)."""

    page: str = ""
    unsubscribe: str = ""
    unsubscribe_mail: str = ""


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A digest ready to be sent: ``html`` names its pictures ``cid:NAME``."""

    said: SaidDigest
    html: str
    text: str
    pictures: Mapping[str, bytes]
    addresses: Addresses

    def page(self) -> str:
        """The HTML with its pictures inside, to be opened in a browser."""
        html = self.html
        for name, png in self.pictures.items():
            inside = f'"data:image/png;base64,{base64.b64encode(png).decode()}"'
            html = html.replace(f'"cid:{name}"', inside)  # with its quotes: spark1 is not spark10
        return html


def draw(digest: Digest, said: SaidDigest) -> dict[str, bytes]:
    """The pictures of a digest by name. Takes a while: call it in a thread."""
    drawn: dict[str, bytes] = {}
    for place, row in enumerate(said.rows):
        if row.is_full and len(row.row.line) > 1:
            is_bad = row.row.verdict in (Verdict.ATTENTION, Verdict.SILENT)
            drawn[f"spark{place}"] = pictures.sparkline(row.row.line, is_bad)
    if not digest.funnel:
        return drawn
    written = all(pictures.can_write(stage.name) for stage in said.stages)
    blank = [""] * len(said.stages)
    for variant, colours in (("light", pictures.LIGHT), ("dark", pictures.DARK)):
        drawn[f"funnel-{variant}"] = pictures.funnel(
            digest.funnel,
            [s.name for s in said.stages] if written else blank,
            [s.count for s in said.stages] if written else blank,
            [s.change if s.change != "—" else "" for s in said.stages] if written else blank,
            colours,
        )
        if any(axis.value is not None for axis in digest.radar):
            names = [
                axis_name(axis, said.language) + (f"\n{axis.value:.0%}" if axis.value is not None else "")
                for axis in digest.radar
            ]
            drawn[f"radar-{variant}"] = pictures.radar(
                digest.radar, names if written else [""] * len(names), colours
            )
    return drawn


def lay_out(digest: Digest, said: SaidDigest, addresses: Addresses) -> LaidOut:
    """Draw and lay out. Takes a while: call it in a thread."""
    drawn = draw(digest, said)
    values = {"said": said, "h": said.headings, "addresses": addresses, "pictures": set(drawn)}
    html = _INLINER.inline(_TEMPLATES.get_template("digest.html.j2").render(values))
    text = _TEMPLATES.get_template("digest.txt.j2").render(values).strip() + "\n"
    return LaidOut(said, html, text, drawn, addresses)


def digest_mail(laid: LaidOut, sender: str, to: tuple[str, ...], key: str, sent_ms: int) -> EmailMessage:
    """The mail: plain text complete in itself, HTML, and the pictures the HTML names."""
    mail = new_mail(laid.said.subject, sender, to, key, sent_ms)
    ways = []
    if laid.addresses.unsubscribe:
        ways.append(f"<{laid.addresses.unsubscribe}>")
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if laid.addresses.unsubscribe_mail:
        ways.append(f"<{laid.addresses.unsubscribe_mail}>")
    if ways:
        mail["List-Unsubscribe"] = ", ".join(ways)
    mail["List-Id"] = "Funnelwatch digest <digest.funnelwatch.invalid>"
    domain = str(mail["Message-ID"]).strip("<>").replace("@", ".")
    html = laid.html
    for name in laid.pictures:
        html = html.replace(f'"cid:{name}"', f'"cid:{name}@{domain}"')
    mail.set_content(laid.text)
    mail.add_alternative(html, subtype="html")
    page = mail.get_body(("html",))
    if page is None:
        raise ValueError("the mail has no HTML part")
    for name, png in laid.pictures.items():
        page.add_related(
            png, "image", "png", cid=f"<{name}@{domain}>", disposition="inline", filename=f"{name}.png"
        )
    return mail
