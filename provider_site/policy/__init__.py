"""Decisions without a request and without writes: facts in, a named outcome out."""
