"""Amazon's ads: what was spent and sold by campaign, by day from reports and by hour from Marketing Stream."""
