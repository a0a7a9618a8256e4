"""Addresses of stock django-oauth-toolkit, as its manual includes them."""

from django.urls import include, path

urlpatterns = [path("o/", include("oauth2_provider.urls", namespace="oauth2_provider"))]
