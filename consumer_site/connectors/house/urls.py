"""Addresses of the house connector, below the place where allauth's are included."""

from django.urls import path

from consumer_site.connectors.house import views

urlpatterns = [
    path("house/login/", views.oauth2_login, name="house_login"),
    path("house/login/callback/", views.oauth2_callback, name="house_callback"),
]
