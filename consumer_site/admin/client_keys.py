"""The keys by which this site proves itself to OpenID providers: made and retired here, private halves never shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from consumer_site.admin import addresses
from consumer_site.models import ClientKey
from consumer_site.openid import client_keys
from consumer_site.openid.entries import HOUSE
from consumer_site.pages import see_other
from keyset_lists import KeysetAdmin

if TYPE_CHECKING:
    _Base = admin.ModelAdmin[ClientKey]
else:  # not subscriptable at run time
    _Base = admin.ModelAdmin


class MakeForm(forms.Form):
    """Which kind of key."""

    algorithm = forms.ChoiceField(
        label=_("Algorithm"),
        choices=[(name, name) for name in client_keys.ALGORITHMS],
        help_text=_(
            "One that the provider takes: its documentation names them. ES256 or RS256 is nearly always among them."
        ),
    )


class RetireForm(forms.Form):
    """Whether a key is to go although it is in use."""

    force = forms.BooleanField(
        label=_("Retire it although it is in use"),
        required=False,
        help_text=_(
            "Tick it if somebody else may have the key. Without another one, sign-ins fail until there is one."
        ),
    )


@admin.register(ClientKey)
class ClientKeyAdmin(KeysetAdmin, _Base):
    """List the keys, make one, retire one. The steps are buttons, for a key is never edited."""

    list_display = ("kid", "algorithm", "state", "created_at", "retired_at")
    list_filter = ("algorithm",)
    fields = ("kid", "algorithm", "state", "public_key", "created_at", "retired_at")
    readonly_fields = ("state", "public_key")
    ordering: ClassVar[tuple[str, ...]] = ("-created_at", "-pk")
    change_list_template = "consumer_site/admin/key_change_list.html"
    change_form_template = "consumer_site/admin/key_change_form.html"

    class Media:
        """How these pages look, and the buttons that copy."""

        css: ClassVar[dict[str, list[str]]] = {"all": ["consumer_site/admin.css"]}
        js: ClassVar[list[str]] = ["consumer_site/copy.js"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse Django's form: a key is made, not typed in."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse Django's form: a key does not change."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: a retired key stays to be seen."""
        return False

    def may_make(self, request: HttpRequest) -> bool:
        """Tell whether this person may make keys."""
        return bool(request.user.has_perm("consumer_site.add_clientkey"))

    def may_retire(self, request: HttpRequest) -> bool:
        """Tell whether this person may retire keys."""
        return bool(request.user.has_perm("consumer_site.change_clientkey"))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Show keys to whoever may do something with them too."""
        return super().has_view_permission(request, obj) or self.may_make(request) or self.may_retire(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """List them in the index for the same people."""
        return self.has_view_permission(request)

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of the two steps."""
        wrap = self.admin_site.admin_view
        return [
            path("make/", wrap(self.make_view), name="consumer_site_clientkey_make"),
            path("<path:object_id>/retire/", wrap(self.retire_view), name="consumer_site_clientkey_retire"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Offer to make a key, and name the address that providers fetch the public halves from."""
        extra = {"make_url": self._address("make") if self.may_make(request) else "", "jwks": self._jwks(request)}
        return super().changelist_view(request, {**extra, **(extra_context or {})})

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Offer to retire a key that is in force."""
        key = context.get("original")
        if key is not None and key.retired_at is None and self.may_retire(request):
            context["retire_url"] = self._address("retire", key.pk)
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=_("state"))
    def state(self, key: ClientKey) -> str:
        """Say what a key does now."""
        if key.retired_at is not None:
            return pgettext("client key", "retired")
        if client_keys.current(algorithms=[key.algorithm]) == key:
            return format_html('<span class="consumer-badge consumer-badge-good">{}</span>', _("signs"))
        return format_html('<span class="consumer-badge">{}</span>', _("published"))

    @admin.display(description=_("public key"))
    def public_key(self, key: ClientKey) -> str:
        """Return the public half, which anybody may have."""
        return format_html('<pre class="consumer-jwk">{}</pre>', json.dumps(key.public_jwk, indent=2))

    def make_view(self, request: HttpRequest) -> HttpResponse:
        """Ask for the algorithm, and make a key."""
        if not self.may_make(request):
            raise PermissionDenied
        form = MakeForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid():
            try:
                key = client_keys.make(algorithm=form.cleaned_data["algorithm"])
            except ImproperlyConfigured:
                form.add_error(None, _('CONSUMER_SITE["KEY_RING"] is not set, so nothing can be sealed.'))
            else:
                self.log_addition(request, key, gettext("Made the key."))
                return self._done(request, _("The key is made. Providers find it at this site's public keys."))
        context = {
            "title": _("Make a key"),
            "form": form,
            "field": form["algorithm"],
            "button": _("Make a key"),
            "about": _(
                "It signs from tomorrow on, when every provider can know it; the first of its algorithm signs at once. "
                "The private half is stored sealed, and never leaves this site."
            ),
        }
        return self._page(request, context)

    def retire_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask whether a key is to be retired, and retire it."""
        key = self.get_object(request, object_id) if self.may_retire(request) else None
        if not self.may_retire(request):
            raise PermissionDenied
        if key is None or key.retired_at is not None:
            raise Http404
        form = RetireForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid():
            try:
                client_keys.retire(kid=key.kid, force=form.cleaned_data["force"])
            except client_keys.KeyInUse:
                form.add_error(None, _("It is in use. Make another first, and wait a day, or tick the box."))
            else:
                self.log_change(request, key, gettext("Retired the key."))
                return self._done(request, _("The key is retired: it signs nothing and is published no more."))
        context = {
            "title": _("Retire this key"),
            "key": key,
            "form": form,
            "field": form["force"],
            "button": _("Retire this key"),
            "about": _("A retired key is published no more, for good."),
        }
        return self._page(request, context)

    def _address(self, step: str, *args: Any) -> str:
        return reverse(f"{self.admin_site.name}:consumer_site_clientkey_{step}", args=args)

    def _jwks(self, request: HttpRequest) -> Any:
        found = addresses.addresses(request, HOUSE)
        return next((address for address in found if address.key == "jwks"), None)

    def _done(self, request: HttpRequest, text: Any) -> HttpResponse:
        self.message_user(request, text, messages.SUCCESS, fail_silently=True)
        return see_other(self._address("changelist"))

    def _page(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        whole = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media, **context}
        return TemplateResponse(request, "consumer_site/admin/key_step.html", whole)
