"""Every address of the consumer; include it at the root of its host: path("", include("consumer_site.urls"))."""

from allauth import urls as allauth_urls
from django.urls import include, path

from consumer_site.calendar import urls as calendar_urls
from consumer_site.logout import urls as logout_urls

_pages = [*calendar_urls.urlpatterns, *logout_urls.pages]

# Our own pages for signing in and out come before allauth's, and answer at the same addresses.
urlpatterns = [
    path("", include((_pages, calendar_urls.app_name))),
    path("accounts/", include(logout_urls)),
    path("accounts/", include(allauth_urls)),
]
