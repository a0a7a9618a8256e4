"""Emulate GitHub: OAuth apps, GitHub Apps, and the two API calls that a sign-in needs."""
