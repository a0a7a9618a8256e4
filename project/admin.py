"""The one admin of both apps."""

from django.contrib.admin import AdminSite


class SiteAdmin(AdminSite):
    """The admin."""
