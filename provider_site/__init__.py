"""An OAuth 2 / OpenID Connect provider for any Django project, on django-oauth-toolkit."""
