"""Addresses of the calendar's pages."""

from django.urls import path

from consumer_site.calendar import accounts, another_account, avatar, upkeep, views

app_name = "consumer_site"

urlpatterns = [
    path("", views.home, name="home"),
    path("calendar/", views.calendar, name="calendar"),
    path("calendar/events/", views.add_event, name="add-event"),
    path("calendar/events/<int:pk>/delete/", views.delete_event, name="delete-event"),
    path("calendar/up-to-date/", upkeep.bring_mine_up_to_date, name="bring-up-to-date"),
    path("calendar/avatar/<str:digest>", avatar.picture, name="avatar"),
    path("accounts/login/", accounts.sign_in, name="sign-in"),
    path("accounts/3rdparty/", accounts.connections, name="connections"),
    path("accounts/3rdparty/another/", another_account.another_account, name="another-account"),
]
