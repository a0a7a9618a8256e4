"""Read what clients send to WeChat's API, and write its answers byte by byte."""

import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare

from consumer_site.sandbox.conf import WeixinApp, weixin_apps
from consumer_site.sandbox.weixin.codes import WeixinError

DEFAULT_TYPE: Final = "text/plain"
"""The type of JSON answers; without a charset, UTF-8 though they are."""


def answer(fields: Mapping[str, Any], content_type: str = DEFAULT_TYPE) -> HttpResponse:
    """Return HTTP 200 with compact JSON: Chinese as it is, slashes escaped."""
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).replace("/", "\\/")
    return HttpResponse(text.encode(), content_type=content_type)


def parameters(request: HttpRequest) -> dict[str, str]:
    """Return the query's and a form body's parameters.

    WeChat documents GET; clients that POST a form are answered alike (python-social-auth and allauth do).
    """
    return request.GET.dict() | request.POST.dict()


def required(sent: Mapping[str, str], name: str, code: int) -> str:
    """Return a parameter; raise WeixinError with this code where it is missing or empty."""
    value = sent.get(name)
    if not value:
        raise WeixinError(code)
    return value


def known_app(app_id: str) -> WeixinApp:
    """Return the app with this id; raise WeixinError 40013."""
    app = weixin_apps().get(app_id)
    if app is None:
        raise WeixinError(40013)
    return app


def authenticated_app(sent: Mapping[str, str]) -> WeixinApp:
    """Return the app that proved its secret; raise WeixinError 41002, 41004, 40013 or 40125."""
    app_id, secret = required(sent, "appid", 41002), required(sent, "secret", 41004)
    app = known_app(app_id)
    if not constant_time_compare(app.secret, secret):
        raise WeixinError(40125)
    return app


def errors_as_answers(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Turn a WeixinError into HTTP 200 with ``errcode`` and ``errmsg``."""

    @wraps(view)
    def answered(request: HttpRequest) -> HttpResponse:
        try:
            return view(request)
        except WeixinError as fault:
            return answer({"errcode": fault.code, "errmsg": fault.words})

    return answered
