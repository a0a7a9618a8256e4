"""The choice of a duration on the consent page: what is offered, what bounds it, what it is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from provider_site.conf import provider_settings
from provider_site.policy import durations
from provider_site.policy.durations import Duration
from provider_site.portal.consent.question import Question
from provider_site.storage import consented


@dataclass(frozen=True, slots=True)
class Choice:
    """One duration: its value in the form, its words, and what has to be explained of it."""

    value: str
    label: str
    hint: str
    checked: bool


def choices(question: Question, *, chosen: Duration) -> list[Choice]:
    """Return what the person may choose from; ``chosen`` comes selected."""
    return [
        Choice(
            value=durations.to_text(duration),
            label=_label(duration),
            hint=_once() if duration == durations.ONCE else "",
            checked=duration == chosen,
        )
        for duration in question.offered
    ]


def bound(question: Question) -> str:
    """Return what bounds the choice, and by whose rule; empty where nothing was cut away."""
    longest = consented.limit(question.registration)
    if longest is None or list(question.offered) == list(provider_settings.consent_durations):
        return ""
    own, site, days = question.registration.max_consent_days, provider_settings.max_consent_days, longest.days
    if own is not None and (site is None or own <= site):
        text = ngettext(
            "At most %(days)s day: a rule for this app.", "At most %(days)s days: a rule for this app.", days
        )
    else:
        text = ngettext("At most %(days)s day: a rule of %(site)s.", "At most %(days)s days: a rule of %(site)s.", days)
    return text % {"days": days, "site": provider_settings.site_name}


def _label(duration: Duration) -> str:
    if duration == durations.ONCE:
        return _("Only this once")
    if duration is None:
        return _("Until I withdraw it")
    days = int(duration)
    if days % 365 == 0:
        return ngettext("%(years)s year", "%(years)s years", days // 365) % {"years": days // 365}
    return ngettext("%(days)s day", "%(days)s days", days) % {"days": days}


def _once() -> str:
    text = _("“Only this once” lasts for this sign-in, %(time)s at most. At the next one you are asked again.")
    return text % {"time": _time(provider_settings.consent_once_lifetime)}


def _time(length: timedelta) -> str:
    minutes = int(length.total_seconds()) // 60
    if minutes % 60 == 0:
        return ngettext("%(hours)s hour", "%(hours)s hours", minutes // 60) % {"hours": minutes // 60}
    return ngettext("%(minutes)s minute", "%(minutes)s minutes", minutes) % {"minutes": minutes}
