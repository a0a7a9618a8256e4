"""Addresses of the GitHub connector: ``github/login/`` and ``github/login/callback/``, named as allauth's."""

from __future__ import annotations

from allauth.socialaccount.providers.oauth2.urls import default_urlpatterns

from consumer_site.connectors.github.provider import GitHubProvider

urlpatterns = default_urlpatterns(GitHubProvider)
