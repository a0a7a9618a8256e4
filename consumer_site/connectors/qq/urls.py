"""Addresses of the QQ connector: ``qq/login/`` and ``qq/login/callback/``, named ``qq_login`` and ``qq_callback``."""

from __future__ import annotations

from allauth.socialaccount.providers.oauth2.urls import default_urlpatterns

from consumer_site.connectors.qq.provider import QQProvider

urlpatterns = default_urlpatterns(QQProvider)
