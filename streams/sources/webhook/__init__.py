"""Any system that signs what it sends: order by order, read by a mapping of the configuration, or events in our own form."""
