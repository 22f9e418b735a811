"""One event: from the bytes of a sender to the canonical form, or to the reason why it is rejected.

Lives here: fields, types, limits, pseudonyms, redaction. Does not live here: doors and keys (``streams/collector``),
counting (``scoring/counting``).
"""
