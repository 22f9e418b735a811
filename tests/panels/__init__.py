"""Grafana's own code draws every panel of every dashboard, to look at: ``python -m tests.panels.render``. Nothing of it runs in CI."""
