"""TikTok's ads: what an advertiser spends on GMV Max for a shop and on ordinary campaigns, by day and hour."""
