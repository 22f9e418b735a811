"""GA4's own figures by day and hour, asked for through its Data API."""
