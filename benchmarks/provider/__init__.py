"""What the provider under measurement is filled with."""
