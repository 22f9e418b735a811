"""What people read, zh and en: names of things, and the card of an alert.

Lives here: words that several surfaces share. Does not live here: words of one page (``streams/web``) or of the morning mail
(``scoring/digest``); how a number is written for one reader (``streams/incidents/reader.py``).
"""
