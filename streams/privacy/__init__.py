"""What a buyer may ask for: everything that is kept of them, and that it is erased; and how long things are kept.

Lives here: finding a buyer's ids, replacing them in tables, topics and files, the receipt, retention by setting. Does not live here:
what an id is and what takes its place (``scoring/events/erasure.py``), pseudonyms at the edge (``scoring/events``).
"""
