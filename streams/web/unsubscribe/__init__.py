"""Unsubscribing from a digest by the link of its mail."""
