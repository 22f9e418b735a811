"""Any API that answers with JSON: where to ask, how to page and what a row means are settings of the connection."""
