"""What comes back from the consent page: the decision, the ticked scopes, the duration."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django import forms

from provider_site.policy import durations
from provider_site.policy.durations import Duration

ALLOW, DENY, PREVIEW = "allow", "deny", "preview"


class ConsentForm(forms.Form):
    """Accept only what the page offered."""

    scope = forms.MultipleChoiceField(required=False)
    duration = forms.ChoiceField(required=False)
    seen = forms.CharField(required=False)
    decision = forms.ChoiceField(choices=[(value, value) for value in (ALLOW, DENY, PREVIEW)])

    def __init__(self, data: Any, *, choices: Collection[str], offered: Sequence[Duration]) -> None:
        super().__init__(data)
        texts = [durations.to_text(duration) for duration in offered]
        self.fields["scope"].choices = [(name, name) for name in sorted(choices)]  # type: ignore[attr-defined]  # a ChoiceField's
        self.fields["duration"].choices = [(text, text) for text in texts]  # type: ignore[attr-defined]  # a ChoiceField's

    def is_stale(self, *, seen: str) -> bool:
        """Tell whether the person looked at another question than ``seen``, the one that is asked now.

        A form without the field is not: it is the person's own, and nothing but a page that got old is to be caught.
        """
        return self["seen"].data not in {None, "", seen}

    def chosen_scopes(self) -> frozenset[str]:
        """Return the boxes that came back ticked, without those that were none."""
        known = {name for name, _label in self.fields["scope"].choices}  # type: ignore[attr-defined]  # a ChoiceField's
        return frozenset(self["scope"].data or ()) & known

    def chosen_duration(self, *, otherwise: Duration) -> Duration:
        """Return the duration that came back, or another where none came that was offered."""
        text = self["duration"].data
        known = {value for value, _label in self.fields["duration"].choices}  # type: ignore[attr-defined]  # a ChoiceField's
        return durations.from_text(text) if text in known else otherwise
