"""WooCommerce: signed webhooks, and the REST API read by date of modification in GMT."""
