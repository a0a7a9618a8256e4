from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from consumer_site.sandbox import decision
from consumer_site.sandbox.conf import WeixinApp, weixin_apps
from consumer_site.sandbox.guard import emulator_view
from consumer_site.sandbox.pages import page
from consumer_site.sandbox.registration import domain_fault, domain_matches
from consumer_site.sandbox.services import WEIXIN
from consumer_site.sandbox.turns import Kind
from consumer_site.sandbox.weixin.codes import PAGE_WORDS, WORDS, PageError, planned_page
from consumer_site.sandbox.weixin.grants import issue_code
from consumer_site.sandbox.weixin.persons import PERSONS

ORDER: Final = ("appid", "redirect_uri", "response_type", "scope", "state")
"""The order in which WeChat wants the parameters inside WeChat; others may stand anywhere."""
LONGEST_STATE: Final = 128
_LANGUAGES: Final = {"en": "en", "cn": "zh-hans"}
_SIGNED_IN: Final = "sandbox_weixin_person"


@dataclass(frozen=True, kw_only=True)
class Ask:
    """Hold an authorization request that passed every check."""

    app: WeixinApp
    redirect_uri: str
    state: str | None
    scope: str

    @property
    def question(self) -> decision.Question:
        """Return what the page asks."""
        meanings = {
            "snsapi_login": _("nickname and picture"),
            "snsapi_userinfo": _("nickname and picture"),
            "snsapi_base": _("only who you are to this app; WeChat would not even ask"),
        }
        host = {"host": decision.host_of(self.redirect_uri)}
        return decision.Question(
            service=WEIXIN,
            app_id=self.app.app_id,
            app_name=self.app.name,
            redirect_uri=self.redirect_uri,
            scopes=[(scope, meanings.get(scope, "")) for scope in self.scope.split(",")],
            note=_("Both answers go back to %(host)s: a refusal without a code.") % host,
        )

    def back(self, state: str | None, **parameters: str) -> HttpResponse:
        """Send the browser back; a state comes back only if one was sent."""
        return decision.to_callback(self.redirect_uri, parameters | ({} if state is None else {"state": state}))


@emulator_view
def qrconnect(request: HttpRequest) -> HttpResponse:
    """Stand for the page with the QR code, to which a website sends its visitors; ``lang`` is its language."""
    with translation.override(_LANGUAGES.get(request.GET.get("lang", ""), translation.get_language())):
        return _authorize(request, inside=False)


@emulator_view
def authorize(request: HttpRequest) -> HttpResponse:
    """Stand for the page inside WeChat, which other browsers are turned away from."""
    # Before anything else, as WeChat does: another browser isn't told whether its parameters are right.
    if "micromessenger" not in request.headers.get("User-Agent", "").lower():
        return page(request, WEIXIN, "weixin/outside.html", {})
    return _authorize(request, inside=True)


def _authorize(request: HttpRequest, *, inside: bool) -> HttpResponse:
    try:
        ask = _read(request, inside=inside)
        question = ask.question
        if request.method == "POST":
            decided = decision.posted(request, question)
        else:
            decided = decision.planned(question, planned_page) or _silent(request, ask)
    except PageError as fault:
        return _error_page(request, fault)
    if decided is None:
        return decision.ask(request, question, chosen=_known_person(request))
    return _decide(ask, decided)


def _read(request: HttpRequest, *, inside: bool) -> Ask:
    sent = request.GET
    if request.method not in {"GET", "HEAD", "POST"}:
        raise PageError(10014)
    if not sent.get("appid"):
        raise PageError(10012)
    app = weixin_apps().get(sent["appid"])
    if app is None:
        raise PageError(40013)
    if inside and not app.inside:
        raise PageError(10016)
    if not sent.get("redirect_uri"):
        raise PageError(10011)
    _check_callback(app, sent["redirect_uri"])
    if not sent.get("scope"):
        raise PageError(10010)
    scopes = list(dict.fromkeys(part.strip() for part in sent["scope"].split(",") if part.strip()))
    if app.inside is not inside or not scopes or not set(scopes) <= set(app.granted_scopes):
        raise PageError(10005)
    if sent.get("response_type") != "code":
        raise PageError(10014)
    if inside:
        _check_inside(list(sent), sent.get("state"))
    if not app.online:
        raise PageError(10002)
    return Ask(app=app, redirect_uri=sent["redirect_uri"], state=sent.get("state"), scope=",".join(scopes))


def _check_callback(app: WeixinApp, redirect_uri: str) -> None:
    domains = [domain for domain in app.domains if not (app.strict and domain_fault(domain))]
    if not any(domain_matches(domain, redirect_uri, strict=app.strict) for domain in domains):
        raise PageError(10003)


def _check_inside(names: list[str], state: str | None) -> None:
    if [name for name in names if name in ORDER] != [name for name in ORDER if name in names]:
        raise PageError(10038)
    if state is not None and not state:
        raise PageError(10013)
    if state is not None and len(state.encode()) > LONGEST_STATE:
        raise PageError(40078)


def _silent(request: HttpRequest, ask: Ask) -> decision.Decision | None:
    # Somebody who is known here is not asked for snsapi_base: that scope is silent.
    person = PERSONS.get(_known_person(request))
    return decision.Decision(person) if person and ask.scope == "snsapi_base" else None


def _known_person(request: HttpRequest) -> str:
    value = request.COOKIES.get(_SIGNED_IN, "")
    return value if value in PERSONS else ""


def _decide(ask: Ask, decided: decision.Decision) -> HttpResponse:
    turn = decision.callback_turn(ask.question) if decided.person else None
    state = ask.state
    if turn is not None and state is not None:
        state = decision.spoiled_state(turn, state)
    if decided.person is None or (turn is not None and turn.kind == Kind.NO_CODE):
        return ask.back(state)
    person = PERSONS[decided.person.key]
    code = issue_code(app=ask.app, person=person, scope=ask.scope, redirect_uri=ask.redirect_uri)
    response = ask.back(state, code=code)
    # For the emulator's own pages alone: the project may be on the same host.
    pages = reverse("consumer_sandbox:weixin-qrconnect").removesuffix("qrconnect")
    response.set_cookie(_SIGNED_IN, person.key, path=pages, httponly=True, samesite="Lax")
    return response


def _error_page(request: HttpRequest, fault: PageError) -> HttpResponse:
    words, meaning = PAGE_WORDS.get(fault.code, (WORDS.get(fault.code, "系统错误"), ""))
    context = {"words": f"{words}，错误码:{fault.code}", "code": str(fault.code), "meaning": meaning}
    return page(request, WEIXIN, "error.html", context)
