"""What WeChat is known to answer, and the addresses at which it does."""

from tests.consumer.canned_server import Canned, CannedProvider, serve
from tests.consumer.weixin_samples.published import (
    ACCESS_TOKEN,
    APP_ID,
    APP_SECRET,
    AUTHORIZE_PATHS,
    INSIDE_APP_ID,
    INSIDE_OPENID,
    INSIDE_SECRET,
    OPENID,
    PROFILE_PATH,
    REFRESH,
    REFRESH_TOKEN,
    TOKEN,
    UNIONID,
    profile,
    token,
)

__all__ = [
    "ACCESS_TOKEN",
    "APP_ID",
    "APP_SECRET",
    "AUTHORIZE_PATHS",
    "INSIDE_APP_ID",
    "INSIDE_OPENID",
    "INSIDE_SECRET",
    "OPENID",
    "PROFILE_PATH",
    "REFRESH",
    "REFRESH_TOKEN",
    "TOKEN",
    "UNIONID",
    "Canned",
    "CannedProvider",
    "profile",
    "serve",
    "token",
]
