"""Where events come from: one folder a source, one line each in ``folders``.

Lives here: what a source is made of (``source``), the list of them (``registry``), and in a folder each what reads a source and
makes events of it. Does not live here: serving HTTP (``streams/collector``), what an event is (``scoring/events``).
"""
