"""Addresses of the developer pages, of invitations and of logos."""

from django.urls import URLPattern, path

from provider_site.portal.developer import logos, snippets, try_it

developer_urls: list[URLPattern] = [
    path("o/logo/<slug:key>.png", logos.LogoView.as_view(), name="logo"),
    path("o/developer/try/callback/", try_it.TryCallbackView.as_view(), name="developer-try-callback"),
    path("o/developer/<str:application_id>/try/", try_it.TryView.as_view(), name="developer-try"),
    path("o/developer/<str:application_id>/settings/", snippets.SnippetsView.as_view(), name="developer-settings"),
]
