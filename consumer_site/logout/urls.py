"""Addresses of signing out."""

from django.urls import path

from consumer_site.logout import views
from consumer_site.logout.backchannel import backchannel_logout
from consumer_site.logout.frontchannel import frontchannel_logout

# Beside the calendar's pages, in its namespace.
pages = [path("accounts/logout/", views.sign_out, name="sign-out")]

# Below the place where allauth's are included: those of the entry without an id of its own, and of every other.
urlpatterns = [
    path("house/logout/backchannel/", backchannel_logout, name="house_backchannel_logout"),
    path("house/logout/frontchannel/", frontchannel_logout, name="house_frontchannel_logout"),
    path("house/logout/done/", views.done, name="house_logout_done"),
    path("house/<slug:provider_id>/logout/backchannel/", backchannel_logout, name="house_backchannel_logout"),
    path("house/<slug:provider_id>/logout/frontchannel/", frontchannel_logout, name="house_frontchannel_logout"),
    path("house/<slug:provider_id>/logout/done/", views.done, name="house_logout_done"),
]
