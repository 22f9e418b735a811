-- Where an order was made: on the shop's own page, by an agent, in an app, at a point of sale, by staff, on a marketplace. Empty: unknown.
ALTER TABLE ${database}.order_versions_raw ${on_cluster} ADD COLUMN IF NOT EXISTS channel LowCardinality(String) DEFAULT '';
