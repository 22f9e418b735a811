"""TikTok Shop: pushes signed over app and body, and the Partner API, where each shop of an account has a cipher."""
