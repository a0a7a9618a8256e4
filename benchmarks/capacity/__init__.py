"""How much a sign-in stores, and what so many people need: `python -m benchmarks.capacity`."""
