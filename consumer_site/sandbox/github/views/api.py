import json
import re
from collections.abc import Callable
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from consumer_site.sandbox.conf import github_apps
from consumer_site.sandbox.github.codes import NO_USER_AGENT, NOT_ACCESSIBLE, REQUIRES, ApiError, planned_error
from consumer_site.sandbox.github.grants import find_token
from consumer_site.sandbox.github.persons import PERSONS, Person, person_by_number
from consumer_site.sandbox.github.scopes import may_read_emails
from consumer_site.sandbox.guard import emulator_view
from consumer_site.sandbox.models import Service, Token
from consumer_site.sandbox.picture import draw
from consumer_site.sandbox.turns import Endpoint, Turn, next_turn

_CREDENTIALS: Final = re.compile(r"(?:token|bearer) (\S+)", re.IGNORECASE)
_DOCUMENTS: Final = "https://docs.github.com/rest"


@csrf_exempt
@emulator_view
def user(request: HttpRequest) -> HttpResponse:
    """Answer the profile of the token's person."""
    return _api(request, Endpoint.PROFILE, lambda row: _profile(request, PERSONS[row.person], row), accepted="")


@csrf_exempt
@emulator_view
def emails(request: HttpRequest) -> HttpResponse:
    """Answer the e-mail addresses of the token's person: 404 without the scope, 403 without the permission."""
    return _api(request, Endpoint.EMAILS, _emails, accepted="user, user:email")


def _api(request: HttpRequest, endpoint: str, content: Callable[[Token], Any], *, accepted: str) -> HttpResponse:
    turn, scope = Turn(), None
    try:
        row = _token(request)
        scope = row.scope
        _check_method(request)
        turn = next_turn(Service.GITHUB, row.app_id, endpoint)
        turn.begin(planned_error)
        found = content(row)
        response = _json(turn.alter(found) if isinstance(found, dict) else found)
    except ApiError as fault:
        message = {"message": fault.message, "documentation_url": _DOCUMENTS, "status": str(fault.status)}
        response = _json(message, status=fault.status)
    if scope is not None:
        response["X-OAuth-Scopes"] = scope.replace(",", ", ")
        response["X-Accepted-OAuth-Scopes"] = accepted
    response["X-GitHub-Media-Type"] = "github.v3; format=json"
    response["X-RateLimit-Limit"] = "5000" if scope is not None else "60"
    response["X-RateLimit-Remaining"] = "0" if response.status_code in {403, 429} else "4999"
    return turn.finish(response)


def _check_method(request: HttpRequest) -> None:
    if request.method not in {"GET", "HEAD"}:
        raise ApiError(404)


def _token(request: HttpRequest) -> Token:
    if not request.headers.get("User-Agent"):
        raise ApiError(403, NO_USER_AGENT)
    sent = request.headers.get("Authorization", "")
    if not sent:
        raise ApiError(401, REQUIRES)
    if not (credentials := _CREDENTIALS.fullmatch(sent.strip())):
        raise ApiError(401)
    return find_token(credentials[1])


def _emails(row: Token) -> list[dict[str, Any]]:
    app = github_apps().get(row.app_id)
    if app is not None and app.github_app:
        if "email_addresses" not in app.permissions:
            raise ApiError(403, NOT_ACCESSIBLE)
    elif not may_read_emails(row.scope):
        raise ApiError(404)
    return [
        {
            "email": email.address,
            "primary": email.primary,
            "verified": email.verified,
            "visibility": ("public" if email.public else "private") if email.primary else None,
        }
        for email in PERSONS[row.person].emails
    ]


def _profile(request: HttpRequest, person: Person, row: Token) -> dict[str, Any]:
    picture = reverse("consumer_sandbox:github-avatar", args=(person.number,))
    own = f"https://api.github.com/users/{person.login}"
    fields: dict[str, Any] = {
        "login": person.login,
        "id": person.number,
        "node_id": f"U_kgDO{person.number:x}",
        "avatar_url": request.build_absolute_uri(picture) + "?v=4",
        "gravatar_id": "",
        "url": own,
        "html_url": f"https://github.com/{person.login}",
        "organizations_url": f"{own}/orgs",
        "repos_url": f"{own}/repos",
        "type": "User",
        "user_view_type": "private" if {"user", "read:user"} & set(row.scope.split(",")) else "public",
        "site_admin": False,
        "name": person.name,
        "company": person.company,
        "blog": "",
        "location": None,
        "email": person.public_email,
        "hireable": None,
        "bio": person.bio,
        "twitter_username": None,
        "public_repos": 2,
        "public_gists": 0,
        "followers": 1,
        "following": 0,
        "created_at": "2018-05-14T04:33:35Z",
        "updated_at": "2026-01-02T03:04:05Z",
    }
    if fields["user_view_type"] == "private":
        fields |= {"private_gists": 0, "total_private_repos": 0, "two_factor_authentication": True}
    return fields


def _json(content: Any, *, status: int = 200) -> HttpResponse:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return HttpResponse(text.encode(), content_type="application/json; charset=utf-8", status=status)


@emulator_view
def avatar(request: HttpRequest, number: int) -> HttpResponse:
    """Serve a picture as ``avatar_url`` asks for it; ``s`` is its side, 460 by default."""
    person = person_by_number(number)
    if person is None:
        raise Http404("no such picture")
    for app_id in github_apps():
        turn = next_turn(Service.GITHUB, app_id, Endpoint.AVATAR)
        if turn.kind:
            break
    else:
        turn = Turn()
    turn.begin(planned_error)
    asked = request.GET.get("s", "")
    side = min(max(int(asked), 1), 460) if asked.isdecimal() and len(asked) < 5 else 460
    return turn.finish(HttpResponse(draw(person.colour, side), content_type="image/png"))
