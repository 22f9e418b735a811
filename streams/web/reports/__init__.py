"""Reports of platforms: what they say themselves of a store's day, next to what was counted and never added to it."""
