"""What every state and number means."""
