"""The endpoints, and the seam to django-oauth-toolkit: one endpoint family per module."""
