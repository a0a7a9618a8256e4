"""Pages for the people who build applications."""
