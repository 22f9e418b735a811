"""How long every panel's query of the Grafana dashboards takes on 200 stores × 30 days, as the plug-in would send it."""
