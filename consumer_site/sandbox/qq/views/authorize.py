from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from consumer_site.sandbox import decision
from consumer_site.sandbox.conf import QQApp
from consumer_site.sandbox.guard import emulator_view
from consumer_site.sandbox.pages import page
from consumer_site.sandbox.qq.codes import CODES, QQError, describe, planned_error
from consumer_site.sandbox.qq.grants import issue_code
from consumer_site.sandbox.qq.persons import PERSONS
from consumer_site.sandbox.qq.request import known_app
from consumer_site.sandbox.registration import callback_fault, is_local
from consumer_site.sandbox.services import QQ
from consumer_site.sandbox.turns import Kind

DEFAULT_SCOPE: Final = "get_user_info"


@dataclass(frozen=True, kw_only=True)
class Ask:
    """Hold an authorization request that passed every check."""

    app: QQApp
    redirect_uri: str
    state: str
    scope: str
    mobile: bool

    @property
    def question(self) -> decision.Question:
        """Return what the page asks."""
        host = {"host": decision.host_of(self.redirect_uri)}
        if self.mobile:
            note = _("Phone view. Both answers go back to %(host)s.") % host
        else:
            note = _("Computer view. Allowing goes back to %(host)s; refusing only closes the window.") % host
        meanings = {DEFAULT_SCOPE: _("nickname and picture")}
        return decision.Question(
            service=QQ,
            app_id=self.app.app_id,
            app_name=self.app.name,
            redirect_uri=self.redirect_uri,
            scopes=[(scope, meanings.get(scope, "")) for scope in self.scope.split(",")],
            note=note,
        )


@emulator_view
def authorize(request: HttpRequest) -> HttpResponse:
    """Let a test person be chosen, and send the browser back with a code, a phone's refusal, or nothing."""
    try:
        ask = _read(request)
        question = ask.question
        if request.method == "POST":
            decided = decision.posted(request, question)
        else:
            decided = decision.planned(question, planned_error)
        if decided is None:
            return decision.ask(request, question)
        return _decide(request, ask, decided)
    except QQError as fault:
        return _to_error_page(request, fault)


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
    if not _is_registered(app, redirect_uri):
        raise QQError(100010)
    # QQ's documents require state but name no code for its lack; 100029, the malformed request, is the nearest.
    if not sent.get("state"):
        raise QQError(100029)
    scopes = (part.strip() for part in sent.get("scope", "").split(","))
    scope = ",".join(part for part in scopes if part and part.isprintable())
    return Ask(
        app=app,
        redirect_uri=redirect_uri,
        state=sent["state"],
        scope=scope[:255] or DEFAULT_SCOPE,
        mobile=sent.get("display") == "mobile",
    )


def _is_registered(app: QQApp, redirect_uri: str) -> bool:
    if app.strict and callback_fault(redirect_uri):
        return False
    return redirect_uri in app.callbacks or (app.loopback and is_local(redirect_uri))


def _decide(request: HttpRequest, ask: Ask, decided: decision.Decision) -> HttpResponse:
    if decided.person is None:
        if ask.mobile:
            return decision.to_callback(ask.redirect_uri, {"usercancel": "1", "state": ask.state})
        return page(request, QQ, "refused.html", {"app": ask.app, "again": request.get_full_path()})
    person = PERSONS[decided.person.key]
    if not ask.app.online and person.key not in ask.app.testers:
        raise QQError(100011)
    turn = decision.callback_turn(ask.question)
    state = decision.spoiled_state(turn, ask.state)
    if turn.kind == Kind.NO_CODE:
        return decision.to_callback(ask.redirect_uri, {"state": state})
    code = issue_code(app=ask.app, person=person, scope=ask.scope, redirect_uri=ask.redirect_uri)
    return decision.to_callback(ask.redirect_uri, {"code": code, "state": state})


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
    context = {"words": f"{describe(code).strip()}({code})", "code": str(code), "meaning": CODES[code].meaning}
    return page(request, QQ, "error.html", context)
