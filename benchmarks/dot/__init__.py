"""A small project of stock django-oauth-toolkit, told not to hash client secrets."""
