"""Why a person is asked, in words: one text for each reason of the consent policy, and what has changed since."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth import get_user_model
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from provider_site.conf import provider_settings
from provider_site.models import Consent
from provider_site.policy import facts as fact_policy
from provider_site.policy import terms
from provider_site.policy.consent import Outcome
from provider_site.policy.scopes import allowable, in_order
from provider_site.portal.consent.question import Question
from provider_site.services import facts, people
from provider_site.storage import consented


@dataclass(frozen=True, slots=True)
class Address:
    """An address with its host apart, which is what a person has to look at; a name has no host."""

    before: str
    host: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One fact of the application that differs from what the person was shown; ``old`` or ``new`` may be missing."""

    label: Any
    old: Address | None
    new: Address | None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the page asks: a text, the scopes it is about, and what of the application has changed since.

    ``is_changes``: the text speaks of the changes already.
    """

    text: str
    titles: list[Any]
    changes: list[Change]
    is_changes: bool


_LABELS = {
    "name": pgettext_lazy("application", "Name"),
    "homepage_url": gettext_lazy("Home page"),
    "privacy_policy_url": gettext_lazy("Privacy policy"),
    "terms_url": gettext_lazy("Terms of service"),
    "owner": pgettext_lazy("application", "Maker"),
    "hosts": gettext_lazy("It may now send you to"),
}


def reason(question: Question) -> Reason | None:
    """Return why the person is asked; ``None`` where nothing needs saying: the first time, and nothing open."""
    say = _TEXTS.get(question.outcome)
    if say is None or question.consent is None:
        return None
    text, scopes = say(question, question.consent)
    definitions = allowable()
    return Reason(
        text=text,
        titles=[definitions[name].title for name in in_order(scopes)],
        changes=_changes(question, question.consent),
        is_changes=question.outcome is Outcome.FACTS_CHANGED,
    )


_Said = tuple[str, frozenset[str]]
_NONE: frozenset[str] = frozenset()


def _day(moment: datetime | None) -> str:
    return date_format(timezone.localtime(moment), "DATE_FORMAT") if moment is not None else ""


def _withdrawn(_question: Question, consent: Consent) -> _Said:
    if consent.closed_reason == Consent.ClosedReason.ADMINISTRATOR:
        text = _("%(site)s ended on %(date)s what you had allowed this app. Allow it now, and it begins anew.")
        return text % {"site": provider_settings.site_name, "date": _day(consent.closed_at)}, _NONE
    text = _("You took back on %(date)s what you had allowed this app. Allow it now, and it begins anew.")
    return text % {"date": _day(consent.closed_at)}, _NONE


def _ended(question: Question, consent: Consent) -> _Said:
    known, limit, now = consented.terms(consent), consented.limit(question.registration), timezone.now()
    over = {name for name in question.requested & known.keys() if not known[name].holds(now, limit)}
    end = terms.latest(known[name].end(limit) for name in (over or known)) or consent.closed_at
    if consent.closed_at is not None and end is not None:
        end = min(end, consent.closed_at)
    if question.terms:
        text = _("Some of what you had allowed this app was over on %(date)s:")
        return text % {"date": _day(end)}, frozenset(over)
    text = _("What you had allowed this app was over on %(date)s.")
    return text % {"date": _day(end)}, _NONE


def _unused(_question: Question, consent: Consent) -> _Said:
    text = _("The app did not use for long what you had allowed it. So that ended on %(date)s.")
    return text % {"date": _day(consent.closed_at)}, _NONE


def _never_asked(_question: Question, _consent: Consent) -> _Said:
    text = _("Until now %(site)s had decided for you what this app may see. From now on, you decide.")
    return text % {"site": provider_settings.site_name}, _NONE


def _facts_changed(_question: Question, consent: Consent) -> _Said:
    text = _("The app has changed since you last allowed it something, on %(date)s.")
    return text % {"date": _day(consent.given_at)}, _NONE


def _wording_changed(question: Question, _consent: Consent) -> _Said:
    past = question.situation.past
    scopes = question.requested & past.old_wording if past is not None else _NONE
    return _("We describe this differently since you allowed it, because it now means something else:"), scopes


def _new_scope(question: Question, _consent: Consent) -> _Said:
    if not question.terms:
        return _("The app asks for something it has not asked for before."), _NONE
    return _("The app asks for something new. What you allowed it before stays as it is."), _NONE


def _once(question: Question, _consent: Consent) -> _Said:
    past = question.situation.past
    return _("You allowed this only once, the last time:"), question.requested & past.once if past else _NONE


def _required_declined(question: Question, _consent: Consent) -> _Said:
    text = _("The app cannot sign you in without this, and you have not allowed it:")
    return text, question.required - question.terms.keys()


def _all_declined(_question: Question, _consent: Consent) -> _Said:
    return _("The last time, you declined everything this app asked for. You may do so again."), _NONE


def _prompt(_question: Question, _consent: Consent) -> _Said:
    return _("The app wants you to look at this again. What it has already is marked."), _NONE


def _sensitive(question: Question, _consent: Consent) -> _Said:
    return _("We ask about this at each sign-in:"), question.requested & question.situation.sensitive


def _select_account(_question: Question, _consent: Consent) -> _Said:
    return _("The app asks with which account you want to go on. You may switch to another one first."), _NONE


def _client_unproven(question: Question, _consent: Consent) -> _Said:
    if not question.redirect_uri:
        text = _(
            "You allow this here for a device that is elsewhere. Somebody could have had you enter the code of theirs, "
            "so we ask each time."
        )
        return text, _NONE
    text = _(
        "This app runs on your device, where another program could pretend to be it. So we ask at each sign-in. "
        "Go on only if you have just begun to sign in there."
    )
    return text, _NONE


_TEXTS: dict[Outcome, Callable[[Question, Consent], _Said]] = {
    Outcome.WITHDRAWN: _withdrawn,
    Outcome.ENDED: _ended,
    Outcome.UNUSED: _unused,
    Outcome.NEVER_ASKED: _never_asked,
    Outcome.FACTS_CHANGED: _facts_changed,
    Outcome.WORDING_CHANGED: _wording_changed,
    Outcome.NEW_SCOPE: _new_scope,
    Outcome.ONCE: _once,
    Outcome.REQUIRED_DECLINED: _required_declined,
    Outcome.ALL_DECLINED: _all_declined,
    Outcome.PROMPT: _prompt,
    Outcome.SENSITIVE: _sensitive,
    Outcome.SELECT_ACCOUNT: _select_account,
    Outcome.CLIENT_UNPROVEN: _client_unproven,
}


def _changes(question: Question, consent: Consent) -> list[Change]:
    """Return what differs from what the person was shown: whatever the reason to ask, they should know."""
    now = facts.identity(application=question.application)
    found = []
    for name in fact_policy.identity_changes(consent.facts, now):
        if name == "hosts":
            new = sorted(set(now["hosts"]) - set(consent.facts.get("hosts", ())))
            found += [Change(_LABELS[name], None, _address(origin)) for origin in new]
        elif name == "owner":
            new_owner = people.display_name(user=question.registration.owner)
            found.append(
                Change(_LABELS[name], _named(consent.facts["owner"]), Address(new_owner) if new_owner else None)
            )
        else:
            old, new = consent.facts.get(name, ""), now[name]
            found.append(Change(_LABELS[name], _shown(name, old), _shown(name, new)))
    return found


def _named(key: str) -> Address | None:
    """Return the name of an account by its key; nothing where it is gone."""
    user = get_user_model()._default_manager.filter(pk=key).first() if key else None
    return Address(people.display_name(user=user)) if user is not None else None


def _shown(name: str, text: str) -> Address | None:
    if not text:
        return None
    return Address(text) if name == "name" else _address(text)


def _address(url: str) -> Address:
    host = urlsplit(url).netloc
    before, _host, after = url.partition(host) if host else (url, "", "")
    return Address(before, host, after)
