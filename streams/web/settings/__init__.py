"""The effective settings without secrets, and the silences in force."""
