"""Judging what platforms report in totals: a day's (or an hour's) conversion against the store's own past.

Lives here: which periods can be compared, what is expected of one, the incidents, and what of them is news. The tail, the threshold,
the calendar, the recovery and the alert are those of ``scoring/detection``. Does not live here: the report rows and their merging
(``scoring/records``), reading and publishing (``streams/pools``), words (``scoring/wording/period_words.py``).

Everything is worked out from the versions that count, in whatever order they came: a restated figure changes the past, and what
changes is reported.
"""
