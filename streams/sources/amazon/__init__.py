"""Amazon: the Selling Partner API of one account in several marketplaces; orders, sales by hour, sales and traffic by day."""
