"""GitHub's paths, its API as an Enterprise Server mounts it (below api/v3), and pictures."""

from django.urls import path

from consumer_site.sandbox.github.views.api import avatar, emails, user
from consumer_site.sandbox.github.views.authorize import authorize
from consumer_site.sandbox.github.views.token import access_token

urlpatterns = [
    path("login/oauth/authorize", authorize, name="github-authorize"),
    path("login/oauth/access_token", access_token, name="github-token"),
    path("api/v3/user", user, name="github-user"),
    path("api/v3/user/emails", emails, name="github-emails"),
    path("avatars/u/<int:number>", avatar, name="github-avatar"),
]
