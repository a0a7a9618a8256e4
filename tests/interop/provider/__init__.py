"""A provider made by others, at which people sign in to this project's consumer."""
