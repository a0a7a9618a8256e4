"""Addresses of the WeChat connector: ``weixin/login/`` and ``weixin/login/callback/``, named as allauth's."""

from __future__ import annotations

from allauth.socialaccount.providers.oauth2.urls import default_urlpatterns

from consumer_site.connectors.weixin.provider import WeixinProvider

urlpatterns = default_urlpatterns(WeixinProvider)
