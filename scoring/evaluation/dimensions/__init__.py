"""The dimensions of the evaluation: one folder each, and one line in ``registry.py``.

Lives here: what is asked, how it is defined and whose it is. Does not live here: weights (``scoring/evaluation/weights.py``), scoring.
"""
