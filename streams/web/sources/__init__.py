"""Sources: connections and what arrives, their state, and what people do about them."""
