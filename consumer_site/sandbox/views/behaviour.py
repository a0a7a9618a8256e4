from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt

from consumer_site.sandbox.guard import comes_from_elsewhere, emulator_view
from consumer_site.sandbox.models import Behaviour, Token
from consumer_site.sandbox.pages import page
from consumer_site.sandbox.services import SERVICES, EmulatedService
from consumer_site.sandbox.turns import LONGEST_DELAY

ACTIONS = (
    ("plan", _("Plan the next answer")),
    ("clear", _("Forget all plans")),
    ("expire", _("Let the access tokens expire")),
    ("expire_refresh", _("Let the refresh tokens expire")),
    ("withdraw", _("Withdraw the app's permission, as its users could")),
)
Kind = Behaviour.Kind


class BehaviourForm(forms.Form):
    """Say what the emulator shall do to one app: plan an answer, or change its tokens."""

    app_id = forms.ChoiceField(label=_("App"))
    action = forms.ChoiceField(label=_("What to do"), choices=ACTIONS, initial="plan", required=False)
    endpoint = forms.ChoiceField(label=_("Endpoint"), required=False)
    kind = forms.ChoiceField(label=_("Answer"), required=False)
    number = forms.IntegerField(label=_("Error code, HTTP status, or seconds"), required=False)
    error = forms.ChoiceField(label=_("Name of the error"), required=False)
    person = forms.ChoiceField(label=_("Test person"), required=False)
    times = forms.IntegerField(label=_("How many times"), min_value=1, max_value=1000, initial=1, required=False)

    def __init__(self, service: EmulatedService, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.service = service
        kinds = frozenset().union(*service.possible.values())
        self._choose("app_id", [(key, f"{app.name} ({key})") for key, app in service.apps().items()])
        self._choose("endpoint", [choice for choice in Behaviour.Endpoint.choices if choice[0] in service.possible])
        self._choose("kind", [choice for choice in Kind.choices if choice[0] in kinds])
        self._choose("person", [("", "—"), *((key, person.nickname) for key, person in service.persons.items())])
        if service.words:
            self._choose("error", [("", "—"), *((word, word) for word in sorted(service.words))])
        else:
            del self.fields["error"]

    def _choose(self, name: str, choices: list[tuple[Any, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        """Check that the plan makes sense at its endpoint and has the number or name that it needs."""
        cleaned = super().clean() or self.cleaned_data
        cleaned["action"] = cleaned.get("action") or "plan"
        if cleaned["action"] != "plan" or "kind" in self.errors or "endpoint" in self.errors:
            return cleaned
        endpoint, kind, number = cleaned.get("endpoint"), cleaned.get("kind"), cleaned.get("number")
        named = bool(self.service.words)
        if not endpoint or kind not in self.service.possible.get(endpoint, frozenset()):
            self.add_error("kind", _("This endpoint cannot answer like that."))
        elif kind in {Kind.ERROR, Kind.OLD_ERROR} and not (cleaned.get("error") if named else number):
            self.add_error("error" if named else "number", _("Give the error code."))
        elif kind == Kind.STATUS and not 400 <= (number or 0) <= 599:
            self.add_error("number", _("Give the HTTP status, from 400 to 599."))
        elif kind == Kind.SLOW and not 0 < (number or 0) <= LONGEST_DELAY:
            self.add_error("number", _("Give the seconds, from 1 to %(most)s.") % {"most": LONGEST_DELAY})
        elif kind == Kind.ALLOW_AS and not cleaned.get("person"):
            self.add_error("person", _("Choose a person first."))
        return cleaned

    def apply(self) -> None:
        """Do what the form says."""
        wanted = self.cleaned_data
        ours = {"service": self.service.key, "app_id": wanted["app_id"]}
        now = timezone.now()
        if wanted["action"] == "clear":
            Behaviour.objects.filter(**ours).delete()
        elif wanted["action"] == "expire":
            Token.objects.filter(**ours, expires_at__gt=now).update(expires_at=now)
        elif wanted["action"] == "expire_refresh":
            Token.objects.filter(**ours).exclude(refresh_expires_at__lte=now).update(refresh_expires_at=now)
        elif wanted["action"] == "withdraw":
            Token.objects.filter(**ours, withdrawn_at=None).update(withdrawn_at=now)
        else:
            Behaviour.objects.create(
                **ours,
                endpoint=wanted["endpoint"],
                kind=wanted["kind"],
                number=wanted["number"] or 0,
                word=wanted["person"] if wanted["kind"] == Kind.ALLOW_AS else wanted.get("error", ""),
                times=wanted["times"] or 1,
            )


# Scripts post here without a session, so there is no CSRF token; pages of other sites are told apart by their headers.
@csrf_exempt
@emulator_view
def behaviour(request: HttpRequest, service: str) -> HttpResponse:
    """Show what is planned, and plan how the next answers misbehave."""
    emulated = SERVICES[service]
    form = BehaviourForm(emulated, request.POST if request.method == "POST" else None)
    if request.method == "POST":
        if comes_from_elsewhere(request):
            return HttpResponseForbidden("cross-site request refused", content_type="text/plain")
        if form.is_valid():
            form.apply()
            response = HttpResponseRedirect(request.path)
            response.status_code = 303
            return response
    plans = Behaviour.objects.filter(service=service, times__gt=0).order_by("pk")
    context = {"form": form, "plans": plans}
    return page(request, emulated, "behaviour.html", context, status=400 if form.errors else 200)
