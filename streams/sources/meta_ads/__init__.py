"""Meta's ads: what was spent and seen, hour by hour and day by day, and ads that were rejected."""
