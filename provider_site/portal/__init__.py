"""Pages for people: consent, connected apps, profile."""
