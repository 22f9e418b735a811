"""Shopify: signed webhooks, the GraphQL Admin API, bulk operations for history, and the text of a web pixel."""
