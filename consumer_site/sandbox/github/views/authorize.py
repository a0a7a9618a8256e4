import re
from dataclasses import dataclass
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from consumer_site.sandbox import decision
from consumer_site.sandbox.conf import GitHubApp, github_apps
from consumer_site.sandbox.github.codes import ApiError, GitHubError, planned_error
from consumer_site.sandbox.github.grants import issue_code
from consumer_site.sandbox.github.persons import PERSONS
from consumer_site.sandbox.github.scopes import MEANINGS, normalized
from consumer_site.sandbox.guard import emulator_view
from consumer_site.sandbox.pages import page
from consumer_site.sandbox.registration import is_below
from consumer_site.sandbox.services import GITHUB
from consumer_site.sandbox.turns import Kind

_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, kw_only=True)
class Ask:
    """Hold an authorization request whose app and callback are known."""

    app: GitHubApp
    redirect_uri: str
    state: str | None
    scopes: tuple[str, ...]
    code_challenge: str

    @property
    def question(self) -> decision.Question:
        """Return what the page asks."""
        host = {"host": decision.host_of(self.redirect_uri)}
        return decision.Question(
            service=GITHUB,
            app_id=self.app.client_id,
            app_name=self.app.name,
            redirect_uri=self.redirect_uri,
            scopes=[(scope, MEANINGS[scope]) for scope in self.scopes],
            note=_("Both answers go back to %(host)s.") % host,
            removable=bool(self.scopes),
        )

    def back(self, parameters: dict[str, str], state: str | None) -> HttpResponse:
        """Send the browser back; a state comes back only if one was sent."""
        return decision.to_callback(self.redirect_uri, parameters | ({} if state is None else {"state": state}))


@emulator_view
def authorize(request: HttpRequest) -> HttpResponse:
    """Let a test person be chosen, and send the browser back with a code or an error."""
    try:
        ask = _read(request)
    except Http404:
        # GitHub's own page says no more than this; here the developer learns what is not there.
        context = {"code": "404", "words": "404 Not Found", "meaning": _("No app has this App ID.")}
        return page(request, GITHUB, "error.html", context, status=404)
    try:
        _check(request, ask)
        question = ask.question
        if request.method == "POST":
            decided = decision.posted(request, question)
        else:
            decided = decision.planned(question, planned_error)
        return decision.ask(request, question) if decided is None else _decide(ask, decided)
    except GitHubError as fault:
        return ask.back(fault.fields, ask.state)
    except ApiError as fault:
        return HttpResponse(fault.message, status=fault.status, content_type="text/plain")


def _read(request: HttpRequest) -> Ask:
    sent = request.GET
    app = github_apps().get(sent.get("client_id", ""))
    if app is None or request.method not in {"GET", "HEAD", "POST"}:
        raise Http404("GitHub knows no such app")
    scopes = () if app.github_app else tuple(normalized(sent.get("scope", "")))
    redirect_uri = sent.get("redirect_uri") or app.callbacks[0]
    if not any(is_below(callback, redirect_uri) for callback in app.callbacks):
        # By its documents GitHub tells the registered callback; what was asked for is never gone to.
        redirect_uri = app.callbacks[0]
    return Ask(
        app=app,
        redirect_uri=redirect_uri,
        state=sent.get("state"),
        scopes=scopes,
        code_challenge=sent.get("code_challenge", ""),
    )


def _check(request: HttpRequest, ask: Ask) -> None:
    sent = request.GET
    if ask.app.suspended:
        raise GitHubError("application_suspended")
    if sent.get("redirect_uri") and sent["redirect_uri"] != ask.redirect_uri:
        raise GitHubError("redirect_uri_mismatch")
    # The plain method does not exist at GitHub.
    proper = sent.get("code_challenge_method") == "S256" and _CHALLENGE.fullmatch(ask.code_challenge)
    if not proper and ("code_challenge" in sent or "code_challenge_method" in sent):
        raise GitHubError("invalid_request")


def _decide(ask: Ask, decided: decision.Decision) -> HttpResponse:
    if decided.person is None:
        raise GitHubError("access_denied")
    turn = decision.callback_turn(ask.question)
    state = ask.state if ask.state is None else decision.spoiled_state(turn, ask.state)
    if turn.kind == Kind.NO_CODE:
        return ask.back({}, state)
    granted = () if turn.kind == Kind.FEWER_SCOPES else (name for name in ask.scopes if name not in decided.removed)
    code = issue_code(
        app=ask.app,
        person=PERSONS[decided.person.key],
        scope=",".join(granted),
        redirect_uri=ask.redirect_uri,
        code_challenge=ask.code_challenge,
    )
    return ask.back({"code": code}, state)
