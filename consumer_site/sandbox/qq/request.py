"""Read what a client sent."""

from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from consumer_site.sandbox.conf import QQApp, qq_apps
from consumer_site.sandbox.qq.codes import QQError


def parameters(request: HttpRequest) -> dict[str, str]:
    """Return the query's and a form body's parameters; raise QQError 100029 for any other method.

    QQ documents GET; clients that POST a form are answered alike (python-social-auth does).
    """
    if request.method == "GET":
        return request.GET.dict()
    if request.method == "POST":
        return request.GET.dict() | request.POST.dict()
    raise QQError(100029)


def required(sent: dict[str, str], name: str, code: int) -> str:
    """Return a parameter; raise QQError with this code where it is missing or empty."""
    value = sent.get(name)
    if not value:
        raise QQError(code)
    return value


def known_app(app_id: str) -> QQApp:
    """Return the app with this id; raise QQError 100008."""
    app = qq_apps().get(app_id)
    if app is None:
        raise QQError(100008)
    return app


def authenticated_app(sent: dict[str, str]) -> QQApp:
    """Return the app that proved its key; raise QQError 100001, 100002, 100008 or 100009."""
    app_id, key = required(sent, "client_id", 100001), required(sent, "client_secret", 100002)
    app = known_app(app_id)
    if not constant_time_compare(app.key, key):
        raise QQError(100009)
    return app
