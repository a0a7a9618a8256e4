"""Every address of the consumer; include it at the root of its host: path("", include("consumer_site.urls"))."""

from allauth import urls as allauth_urls
from django.urls import include, path

# The calendar's own sign-in page comes before allauth's, and answers at the same address.
urlpatterns = [
    path("", include("consumer_site.calendar.urls")),
    path("accounts/", include(allauth_urls)),
]
