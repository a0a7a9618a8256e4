"""WeChat's paths as they are at open.weixin.qq.com and api.weixin.qq.com, and pictures."""

from django.urls import path

from consumer_site.sandbox.weixin.views.authorize import authorize, qrconnect
from consumer_site.sandbox.weixin.views.avatar import avatar
from consumer_site.sandbox.weixin.views.profile import auth, userinfo
from consumer_site.sandbox.weixin.views.token import access_token, refresh_token

urlpatterns = [
    path("connect/qrconnect", qrconnect, name="weixin-qrconnect"),
    path("connect/oauth2/authorize", authorize, name="weixin-authorize"),
    path("sns/oauth2/access_token", access_token, name="weixin-token"),
    path("sns/oauth2/refresh_token", refresh_token, name="weixin-refresh"),
    path("sns/userinfo", userinfo, name="weixin-profile"),
    path("sns/auth", auth, name="weixin-auth"),
    path("mmopen/<str:app_id>/<str:name>/<int:side>", avatar, name="weixin-avatar"),
]
