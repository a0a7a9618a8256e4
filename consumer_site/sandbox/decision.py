"""Learn what a test person decided: by the page, or by a plan that spares a test the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from consumer_site.sandbox.pages import page
from consumer_site.sandbox.person import BasePerson
from consumer_site.sandbox.services import EmulatedService
from consumer_site.sandbox.turns import AT_CALLBACK, WITHOUT_PAGE, Endpoint, Kind, Turn, next_turn

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise  # exists in the stubs alone


@dataclass(frozen=True, kw_only=True)
class Question:
    """Describe what the page asks."""

    service: EmulatedService
    app_id: str
    app_name: str
    redirect_uri: str
    scopes: Sequence[tuple[str, str | _StrPromise]] = ()
    """Each scope with what it gives."""
    note: str = ""
    """What the two answers do."""
    removable: bool = False
    """Whether the person may take scopes off the list."""


@dataclass(frozen=True)
class Decision:
    """Hold who allowed it, with which scopes taken off; nobody: a refusal."""

    person: BasePerson | None
    removed: frozenset[str] = frozenset()


def planned(question: Question, fault: Callable[[Turn], Exception]) -> Decision | None:
    """Return the decision that somebody planned, or None where a page must ask; raise the planned error."""
    turn = next_turn(question.service.key, question.app_id, Endpoint.AUTHORIZE, kinds=WITHOUT_PAGE)
    turn.begin(fault)
    if turn.kind == Kind.REFUSE:
        return Decision(None)
    if turn.kind == Kind.ALLOW_AS:
        return Decision(question.service.persons[turn.word])
    return None


def posted(request: HttpRequest, question: Question) -> Decision | None:
    """Return the page's answer, or None where nobody was chosen."""
    if request.POST.get("decision") == "refuse":
        return Decision(None)
    person = question.service.persons.get(request.POST.get("person", ""))
    if request.POST.get("decision") != "allow" or person is None:
        return None
    kept = request.POST.getlist("scope") if "scopes" in request.POST else [name for name, _meaning in question.scopes]
    return Decision(person, frozenset(name for name, _meaning in question.scopes if name not in kept))


def ask(request: HttpRequest, question: Question, *, chosen: str = "") -> HttpResponse:
    """Show the page; a form that chose nobody is told so."""
    unchosen = request.method == "POST"
    context = {
        "here": request.get_full_path(),
        "app_name": question.app_name,
        "persons": question.service.persons.values(),
        "chosen": chosen or question.service.icon,
        "scopes": question.scopes,
        "removable": question.removable,
        "note": question.note,
        "unchosen": unchosen,
    }
    status = 400 if unchosen else 200
    return page(request, question.service, "authorize.html", context, form_target=question.redirect_uri, status=status)


def callback_turn(question: Question) -> Turn:
    """Take the plan for the next callback."""
    return next_turn(question.service.key, question.app_id, Endpoint.AUTHORIZE, kinds=AT_CALLBACK)


def spoiled_state(turn: Turn, state: str) -> str:
    """Return the state that the callback gets."""
    return "not-" + state if turn.kind == Kind.WRONG_STATE else state


def to_callback(redirect_uri: str, parameters: Mapping[str, str]) -> HttpResponse:
    """Send the browser back with these parameters, after those that the address has already."""
    joint = "&" if "?" in redirect_uri else "?"
    return HttpResponseRedirect(redirect_uri + joint + urlencode(parameters))


def host_of(redirect_uri: str) -> str:
    """Return the host, with its port, to which an answer goes."""
    return urlsplit(redirect_uri).netloc
