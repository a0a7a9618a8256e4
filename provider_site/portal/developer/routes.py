"""Addresses of the developer pages, of invitations and of logos."""

from django.urls import URLPattern

developer_urls: list[URLPattern] = []
