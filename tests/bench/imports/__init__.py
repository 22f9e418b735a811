"""What reading a large export costs."""
