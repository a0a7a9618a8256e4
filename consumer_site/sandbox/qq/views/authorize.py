from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode, urlsplit

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from consumer_site.sandbox.checks import registration_fault
from consumer_site.sandbox.conf import QQApp
from consumer_site.sandbox.guard import emulator_view
from consumer_site.sandbox.models import QQBehaviour
from consumer_site.sandbox.qq.behaviour import next_turn
from consumer_site.sandbox.qq.codes import CODES, QQError, describe
from consumer_site.sandbox.qq.grants import issue_code
from consumer_site.sandbox.qq.persons import PERSONS
from consumer_site.sandbox.qq.request import known_app
from consumer_site.sandbox.qq.views.page import page

DEFAULT_SCOPE: Final = "get_user_info"


@dataclass(frozen=True, kw_only=True)
class Ask:
    """Hold an authorization request that passed every check."""

    app: QQApp
    redirect_uri: str
    state: str
    scope: str
    mobile: bool


@emulator_view
def authorize(request: HttpRequest) -> HttpResponse:
    """Let a test person be chosen, and send the browser back with a code, a phone's refusal, or nothing."""
    try:
        ask = _read(request)
        if request.method == "POST":
            return _decide(request, ask)
        next_turn(ask.app.app_id, QQBehaviour.Endpoint.AUTHORIZE, {QQBehaviour.Kind.ERROR}).begin()
    except QQError as fault:
        return _to_error_page(request, fault)
    return _ask_page(request, ask)


def _read(request: HttpRequest) -> Ask:
    if request.method not in {"GET", "HEAD", "POST"}:
        raise QQError(100029)
    sent = request.GET
    if sent.get("response_type") != "code":
        raise QQError(100000)
    if not sent.get("client_id"):
        raise QQError(100001)
    app = known_app(sent["client_id"])
    redirect_uri = sent.get("redirect_uri", "")
    if redirect_uri not in app.callbacks or (app.strict and registration_fault(redirect_uri)):
        raise QQError(100010)
    # QQ's documents require state but name no code for its lack; 100029, the malformed request, is the nearest.
    if not sent.get("state"):
        raise QQError(100029)
    scope = ",".join(part.strip() for part in sent.get("scope", "").split(",") if part.strip())
    return Ask(
        app=app,
        redirect_uri=redirect_uri,
        state=sent["state"],
        scope=scope[:255] or DEFAULT_SCOPE,
        mobile=sent.get("display") == "mobile",
    )


def _decide(request: HttpRequest, ask: Ask) -> HttpResponse:
    decision = request.POST.get("decision")
    if decision == "refuse":
        if ask.mobile:
            return _to_callback(ask, {"usercancel": "1", "state": ask.state})
        return page(request, "refused.html", {"app": ask.app, "again": request.get_full_path()})
    person = PERSONS.get(request.POST.get("person", ""))
    if decision != "allow" or person is None:
        return _ask_page(request, ask, unchosen=True)
    if not ask.app.online and person.key not in ask.app.testers:
        raise QQError(100011)
    kinds = QQBehaviour.Kind
    turn = next_turn(ask.app.app_id, QQBehaviour.Endpoint.AUTHORIZE, {kinds.NO_CODE, kinds.WRONG_STATE})
    state = "not-" + ask.state if turn.kind == kinds.WRONG_STATE else ask.state
    if turn.kind == kinds.NO_CODE:
        return _to_callback(ask, {"state": state})
    code = issue_code(app=ask.app, person=person, scope=ask.scope, redirect_uri=ask.redirect_uri)
    return _to_callback(ask, {"code": code, "state": state})


def _ask_page(request: HttpRequest, ask: Ask, *, unchosen: bool = False) -> HttpResponse:
    context = {
        "app": ask.app,
        "persons": PERSONS.values(),
        "scopes": ask.scope.split(","),
        "callback_host": urlsplit(ask.redirect_uri).netloc,
        "mobile": ask.mobile,
        "unchosen": unchosen,
    }
    return page(request, "authorize.html", context, form_target=ask.redirect_uri, status=400 if unchosen else 200)


def _to_callback(ask: Ask, parameters: dict[str, str]) -> HttpResponse:
    joint = "&" if "?" in ask.redirect_uri else "?"
    return HttpResponseRedirect(ask.redirect_uri + joint + urlencode(parameters))


def _to_error_page(request: HttpRequest, fault: QQError) -> HttpResponse:
    display = "mobile" if request.GET.get("display") == "mobile" else "pc"
    query = urlencode({"which": "error", "display": display, "error": fault.code})
    sent = request.META.get("QUERY_STRING", "")
    return HttpResponseRedirect(f"{reverse('consumer_sandbox:qq-show')}?{query}" + (f"&{sent}" if sent else ""))


@emulator_view
def show(request: HttpRequest) -> HttpResponse:
    """Explain an authorization error; QQ never sends it to the callback."""
    # QQ puts its own parameters before the client's, so the first of each name is the one that counts.
    which, error = (request.GET.getlist(name)[:1] for name in ("which", "error"))
    if which != ["error"] or not error or not error[0].isdecimal() or int(error[0]) not in CODES:
        raise Http404("nothing to show")
    code = int(error[0])
    context = {"code": str(code), "words": describe(code).strip(), "meaning": CODES[code].meaning}
    return page(request, "error.html", context)
