"""The first page: data health, the store grid, the chosen store, alerts and dead letters."""
