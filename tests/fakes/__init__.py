"""Other sides that tests run against: they keep a ledger of what is true, and lie as a test asks."""
