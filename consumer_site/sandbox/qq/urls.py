"""QQ's paths as they are at graph.qq.com, and pictures."""

from django.urls import path

from consumer_site.sandbox.qq.views.authorize import authorize, show
from consumer_site.sandbox.qq.views.avatar import avatar, avatar_by_openid
from consumer_site.sandbox.qq.views.me import me
from consumer_site.sandbox.qq.views.profile import get_user_info
from consumer_site.sandbox.qq.views.token import token

urlpatterns = [
    path("oauth2.0/authorize", authorize, name="qq-authorize"),
    path("oauth2.0/show", show, name="qq-show"),
    path("oauth2.0/token", token, name="qq-token"),
    path("oauth2.0/me", me, name="qq-me"),
    path("user/get_user_info", get_user_info, name="qq-profile"),
    path("avatar/g", avatar, name="qq-avatar"),
    path("avatar/qzapp/<str:app_id>/<str:openid>/<int:side>", avatar_by_openid, name="qq-avatar-by-openid"),
]
