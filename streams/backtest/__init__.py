"""Backtests: past minute counts through the very code that runs live.

Lives here: reading count files, driving fit and detector over them, writing alerts.
Does not live here: fitting and judging (``scoring/``), the command (``streams/cli/backtest.py``).
"""
