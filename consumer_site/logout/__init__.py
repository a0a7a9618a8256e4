"""Signing out: of this site, of the provider with it, and of this site at the provider's word."""
