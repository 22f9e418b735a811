"""What agents ask, and are answered with: a handful of questions over the read API, by MCP (``funnelwatch mcp``) and by command (``funnelwatch ask``).

Lives here: the questions, the form of an answer (known, zero, unknown, not yet or refused; within 2,000 tokens; text from outside fenced),
the MCP server. Does not live here: any number. Each comes from the read API, so that it is the page's own.
"""
