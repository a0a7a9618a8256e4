"""Addresses of the house connector, below the place where allauth's are included."""

from django.urls import path

from consumer_site.connectors.house import initiate, views

urlpatterns = [
    path("house/login/", views.oauth2_login, name="house_login"),
    path("house/initiate/", initiate.initiate, name="house_initiate"),
    path("house/login/callback/", views.oauth2_callback, name="house_callback"),
]
