from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt

from consumer_site.sandbox.conf import qq_apps
from consumer_site.sandbox.guard import comes_from_elsewhere, emulator_view
from consumer_site.sandbox.models import QQBehaviour
from consumer_site.sandbox.qq.behaviour import LONGEST_DELAY, POSSIBLE
from consumer_site.sandbox.qq.grants import expire_tokens, withdraw_tokens
from consumer_site.sandbox.qq.views.page import page

ACTIONS = (
    ("plan", _("Plan the next answer")),
    ("clear", _("Forget all plans")),
    ("expire", _("Let the access tokens expire")),
    ("withdraw", _("Withdraw the app's permission, as its users could at QQ")),
)


class BehaviourForm(forms.Form):
    """Say what the emulator shall do to one app: plan an answer, or change its tokens."""

    app_id = forms.ChoiceField(label=_("App"))
    action = forms.ChoiceField(label=_("What to do"), choices=ACTIONS, initial="plan", required=False)
    endpoint = forms.ChoiceField(label=_("Endpoint"), choices=QQBehaviour.Endpoint.choices, required=False)
    kind = forms.ChoiceField(label=_("Answer"), choices=QQBehaviour.Kind.choices, required=False)
    number = forms.IntegerField(label=_("Error code, or seconds"), required=False)
    times = forms.IntegerField(label=_("How many times"), min_value=1, max_value=1000, initial=1, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["app_id"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(app.app_id, f"{app.name} ({app.app_id})") for app in qq_apps().values()]

    def clean(self) -> dict[str, Any]:
        """Check that the plan makes sense at its endpoint and has the number that it needs."""
        cleaned = super().clean() or self.cleaned_data
        cleaned["action"] = cleaned.get("action") or "plan"
        if cleaned["action"] != "plan":
            return cleaned
        endpoint, kind, number = cleaned.get("endpoint"), cleaned.get("kind"), cleaned.get("number")
        if not endpoint or kind not in POSSIBLE.get(endpoint, frozenset()):
            self.add_error("kind", _("This endpoint cannot answer like that."))
        elif kind in {QQBehaviour.Kind.ERROR, QQBehaviour.Kind.OLD_ERROR} and not number:
            self.add_error("number", _("Give the error code."))
        elif kind == QQBehaviour.Kind.SLOW and not 0 < (number or 0) <= LONGEST_DELAY:
            self.add_error("number", _("Give the seconds, from 1 to %(most)s.") % {"most": LONGEST_DELAY})
        return cleaned

    def apply(self) -> None:
        """Do what the form says."""
        wanted = self.cleaned_data
        app_id = wanted["app_id"]
        if wanted["action"] == "clear":
            QQBehaviour.objects.filter(app_id=app_id).delete()
        elif wanted["action"] == "expire":
            expire_tokens(app_id=app_id)
        elif wanted["action"] == "withdraw":
            withdraw_tokens(app_id=app_id)
        else:
            QQBehaviour.objects.create(
                app_id=app_id,
                endpoint=wanted["endpoint"],
                kind=wanted["kind"],
                number=wanted["number"] or 0,
                times=wanted["times"] or 1,
            )


# Scripts post here without a session, so there is no CSRF token; pages of other sites are told apart by their headers.
@csrf_exempt
@emulator_view
def behaviour(request: HttpRequest) -> HttpResponse:
    """Show what is planned, and plan how the next answers misbehave."""
    form = BehaviourForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        if comes_from_elsewhere(request):
            return HttpResponseForbidden("cross-site request refused", content_type="text/plain")
        if form.is_valid():
            form.apply()
            response = HttpResponseRedirect(request.path)
            response.status_code = 303
            return response
    plans = QQBehaviour.objects.filter(times__gt=0).order_by("pk")
    return page(request, "behaviour.html", {"form": form, "plans": plans}, status=400 if form.errors else 200)
