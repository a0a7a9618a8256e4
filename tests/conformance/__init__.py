"""The OpenID Foundation's conformance plans for an OpenID Provider, as tests of our own (docs/conformance.md)."""
