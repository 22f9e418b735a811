"""GA4's export to BigQuery: a property's figures by day and hour, counted where its events are."""
