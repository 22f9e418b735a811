"""What every subject of the page is built on: HTTP, access, forms, rendering, the reader's language and clock, routes, OpenAPI.

Lives here: whatever two subjects share that is not a query. Does not live here: anything about one subject.
"""
