"""The store grid: every store's worst step, age, alert and money, and the monitor's rolling counts."""
