"""What the conformance modules demand: each function raises AssertionError, and names the section it comes from."""
