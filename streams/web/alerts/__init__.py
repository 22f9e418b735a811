"""Alerts, what people do about them, and the links of messages."""
