"""Addresses of logout, under DOT's namespace."""

from django.urls import URLPattern, path

from provider_site.protocol.logout import check_session, views

logout_urls: list[URLPattern] = [
    path("o/logout/", views.LogoutView.as_view(), name="rp-initiated-logout"),
    path("o/logout/asked/", views.AskedView.as_view(), name="rp-initiated-logout-asked"),
    path("o/logout/done/", views.DoneView.as_view(), name="rp-initiated-logout-done"),
    path("o/check_session/", check_session.CheckSessionView.as_view(), name="check-session"),
]
