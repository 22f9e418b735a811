"""``funnelwatch.yaml``: what it may hold, how it is read, and how it becomes values of the core.

Lives here: the model, loading with errors by line, secrets by reference, conversion to core values. Does not live here: settings
from the environment (``streams/settings.py``).
"""
