"""The page Import: files uploaded, shown, corrected and imported; imports listed and undone."""
