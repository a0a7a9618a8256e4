"""Measure this provider beside bare Django, stock django-oauth-toolkit and oidc-provider: `python -m benchmarks`."""
