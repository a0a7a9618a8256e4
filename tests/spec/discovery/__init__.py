"""The proofs that the discovery document is what the server does, by area."""
