"""The way back from an order to what was reported of it: by which door, when, and what each report changed."""
