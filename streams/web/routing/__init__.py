"""Who is notified of an alert, and why."""
