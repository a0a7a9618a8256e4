"""Pages for people who allow a device something: enter its code, compare it, learn the outcome (RFC 8628 3.3)."""
