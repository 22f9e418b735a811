"""What was left out of a store's counts and why, day by day, with the rows to look at."""
