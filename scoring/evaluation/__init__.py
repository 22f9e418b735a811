"""The evaluation: how well a store did in a period, in scores that a stranger can recompute from the rows behind them.

Lives here: indicators and the dimensions they make up, comparators, scores with their intervals, coverage and health, steps with
their losses, what of a loss is whose, findings with what speaks for and against them, comparing stores. Does not live here: counting
the rows (``streams``), the live judgement of a minute (``scoring/detection``), how a number is written for one reader.

A score claims no cause, forecasts nothing, and is never made up: without rows, below the floor or without a comparator there is none,
and it is said why. Read in this order: ``figure.py``, ``indicator.py``, ``comparator.py``, ``score.py``, ``health.py``, ``steps.py``,
``duties.py``, ``findings.py``, ``comparing.py``, and ``evaluating.py``, which puts them together.
"""
