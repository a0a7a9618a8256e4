"""Connected apps: what a person allows, where it was used from, and how to take it back."""
