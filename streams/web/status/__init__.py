"""Data health: ages of the data, sources and parts."""
