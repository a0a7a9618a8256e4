"""Addresses of the house connector, below the place where allauth's are included.

Each has a twin for every entry with an id of its own, so that no two issuers share a redirect URI.
"""

from django.urls import path

from consumer_site.connectors.house import initiate, key_set, views

urlpatterns = [
    path("house/jwks/", key_set.key_set, name="house_jwks"),
    path("house/login/", views.oauth2_login, name="house_login"),
    path("house/<slug:provider_id>/login/", views.oauth2_login, name="house_login"),
    path("house/login/callback/", views.oauth2_callback, name="house_callback"),
    path("house/<slug:provider_id>/login/callback/", views.oauth2_callback, name="house_callback"),
    path("house/initiate/", initiate.initiate, name="house_initiate"),
    path("house/<slug:provider_id>/initiate/", initiate.initiate, name="house_initiate"),
]
