"""System checks: what is missing, with the very line to add."""
