"""The live page and the read API (role ``page``): server-rendered HTML and JSON over the same questions to ClickHouse.

Lives here: HTTP, access, languages, templates, charts as geometry. Does not live here: what is a breach (``scoring``),
how rows came to be (``streams/landing``), names of stages and checks (``scoring/wording/catalogue.py``).
"""

from streams.web.server import make_app, run

__all__ = ["make_app", "run"]
