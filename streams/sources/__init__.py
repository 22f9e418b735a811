"""Where events come from: one folder a source.

Lives here: what reads a source and turns it into events. Does not live here: the HTTP door (``streams/collector``), what an
event is (``scoring/events``).
"""
