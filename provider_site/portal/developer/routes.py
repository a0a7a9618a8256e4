"""Addresses of the developer pages, of invitations and of logos."""

from django.urls import URLPattern, path

from provider_site.portal.developer import logos

developer_urls: list[URLPattern] = [
    path("o/logo/<slug:key>.png", logos.LogoView.as_view(), name="logo"),
]
