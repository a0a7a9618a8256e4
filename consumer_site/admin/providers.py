"""Sign-in providers: chosen by kind, explained where they are filled in, tested by a button, secrets never shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import allauth.socialaccount.admin as allauth_admin
from allauth.socialaccount.models import SocialApp
from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from consumer_site import social_apps
from consumer_site.admin import addresses, setting_fields
from consumer_site.admin.kinds import Kind, absent, kind_of, kinds
from consumer_site.admin.provider_forms import fieldsets, form_for, has_sites
from consumer_site.admin.provider_test import TestPage
from consumer_site.conf import consumer_settings
from consumer_site.duplicates import Duplicate, duplicates, in_settings
from consumer_site.models.sign_in_provider import SignInProvider
from keyset_lists import KeysetAdmin

if TYPE_CHECKING:
    _Base = admin.ModelAdmin[Any]
else:  # not subscriptable at run time
    _Base = admin.ModelAdmin


def emulator_ids() -> frozenset[str]:
    """Return the app ids that lead to an emulator instead of the real service."""
    sandbox = consumer_settings.raw.get("SANDBOX") or {}
    registered = (apps for name, apps in sandbox.items() if name.endswith("_APPS"))
    return frozenset(str(app_id) for apps in registered for app_id in apps)


@admin.register(SignInProvider)
class SignInProviderAdmin(KeysetAdmin, TestPage, _Base):
    """Everything about a provider that people sign in with, in words."""

    list_display = ("shown_name", "kind", "own_id", "client_id", "secret_state", "state")
    list_display_links = ("shown_name",)
    search_fields = ("name", "client_id", "provider_id")
    ordering = ("provider", "provider_id", "pk")
    actions = ("seal",)
    change_list_template = "consumer_site/admin/provider_change_list.html"
    change_form_template = "consumer_site/admin/provider_change_form.html"
    add_form_template = "consumer_site/admin/provider_change_form.html"

    class Media:
        """How these pages look, and the buttons that copy."""

        css: ClassVar[dict[str, list[str]]] = {"all": ["consumer_site/admin.css"]}
        js: ClassVar[list[str]] = ["consumer_site/copy.js"]

    def get_urls(self) -> list[URLPattern]:
        """Add the page of the test."""
        return [*self.test_urls(), *super().get_urls()]

    # --- The form ---

    def _kind(self, request: HttpRequest, obj: Any) -> Kind:
        provider = obj.provider if obj is not None else request.GET.get("kind", "")
        return kind_of(provider) or absent(provider)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form of the kind."""
        if self._may_write(request, obj):
            kwargs["form"] = form_for(self._kind(request, obj))
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the kind's fields; who may only look sees what they say, and no more."""
        if not self._may_write(request, obj):
            return [(None, {"fields": ["name", "kind", "own_id", "client_id", "secret_state", "shown_settings"]})]
        had_secret = obj is not None and social_apps.has_secret(obj)
        return fieldsets(self._kind(request, obj), with_sites=has_sites(), had_secret=had_secret)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return what is shown instead of the fields to who may only look."""
        return () if self._may_write(request, obj) else ("kind", "own_id", "secret_state", "shown_settings")

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Show the project's sites as boxes to tick, all of them ticked at first."""
        kwargs["widget"] = forms.CheckboxSelectMultiple
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        if field is not None:
            field.initial = [site.pk for site in field.queryset or ()]
            field.help_text = _("Where it is offered. On none, nobody can sign in with it.")
        return field

    def _may_write(self, request: HttpRequest, obj: Any) -> bool:
        return self.has_add_permission(request) if obj is None else self.has_change_permission(request, obj)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Keep what was typed into the field of the secret out of error reports."""
        return sensitive_post_parameters("new_secret")(self._changeform)(request, *args, **kwargs)

    def _changeform(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return super().changeform_view(request, *args, **kwargs)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> Any:
        """Ask for the kind first."""
        if self.has_add_permission(request) and kind_of(request.GET.get("kind", "")) is None:
            context = {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": _("Which kind of provider?"),
                "kinds": kinds(),
                "media": self.media,
            }
            return TemplateResponse(request, "consumer_site/admin/provider_kinds.html", context)
        return super().add_view(request, form_url, extra_context)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Add the help that stands beside the fields."""
        obj = context.get("original")
        kind = self._kind(request, obj)
        own_id = obj.provider_id if obj is not None else ""
        context |= {
            "kind": kind,
            "addresses": addresses.addresses(request, kind.provider, own_id),
            "callback_unknown": not addresses.callback_url(request, kind.provider, own_id),
            "is_emulator": obj is not None and obj.client_id in emulator_ids(),
            "duplicates": [one for one in self._duplicates() if obj is not None and obj.pk in one.rows],
        }
        if obj is None:
            context["title"] = _("Add a sign-in provider: %(kind)s") % {"kind": kind.label}
        elif self.has_change_permission(request, obj):
            context["test_url"] = self.test_url(obj)
        return super().render_change_form(request, context, *args, **kwargs)

    # --- The list ---

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Warn of what is configured twice, and name what the settings configure."""
        extra = {"duplicates": self._duplicates(), "in_settings": sorted(in_settings().items())}
        return super().changelist_view(request, {**extra, **(extra_context or {})})

    def _duplicates(self) -> list[Duplicate]:
        return duplicates(SignInProvider.objects.all())

    @admin.display(description=_("name"))
    def shown_name(self, row: Any) -> str:
        """Return the name, whichever way it is written."""
        return format_html("<bdi>{}</bdi>", row.name or row.provider)

    @admin.display(description=_("kind"))
    def kind(self, row: Any) -> str:
        """Return the kind's name."""
        return str((kind_of(row.provider) or absent(row.provider)).label)

    @admin.display(description=_("ID"))
    def own_id(self, row: Any) -> str:
        """Return the entry's own id."""
        return str(row.provider_id or "–")

    @admin.display(description=_("secret"))
    def secret_state(self, row: Any) -> str:
        """Say how the secret is kept."""
        if not social_apps.has_secret(row):
            return str(_("none"))
        if row.secret and not social_apps.settings_of(row).get(social_apps.SEALED_SECRET):
            return format_html('<span class="consumer-badge consumer-badge-warn">{}</span>', _("in clear"))
        if not social_apps.is_readable(row):
            return format_html('<span class="consumer-badge consumer-badge-warn">{}</span>', _("can't be opened"))
        return str(_("sealed"))

    @admin.display(description=_("state"))
    def state(self, row: Any) -> str:
        """Return the marks of an entry."""
        stored = social_apps.settings_of(row)
        marks = [
            (row.client_id in emulator_ids(), _("emulator")),
            (bool(stored.get("inside")), _("inside WeChat")),
            (bool(stored.get("hidden")), _("hidden")),
            (kind_of(row.provider) is None, _("not installed")),
        ]
        shown = [(text,) for is_so, text in marks if is_so]
        return format_html_join(" ", '<span class="consumer-badge">{}</span>', shown) if shown else "–"

    @admin.display(description=_("how it works"))
    def shown_settings(self, row: Any) -> str:
        """Return the settings that have a field, in words."""
        stored = social_apps.settings_of(row)
        kind = kind_of(row.provider) or absent(row.provider)
        lines = []
        for name in kind.settings:
            value = setting_fields.shown(name, stored.get(name))
            if value:
                words = _("yes") if value is True else value
                lines.append((setting_fields.FIELDS[name]().label, words))
        return format_html_join("", "<p><b>{}</b>: <bdi>{}</bdi></p>", lines) if lines else "–"

    # --- Secrets in clear ---

    def has_seal_permission(self, request: HttpRequest) -> bool:
        """Tell whether this person may change entries."""
        return self.has_change_permission(request)

    @admin.action(description=_("Seal secrets that are stored in clear"), permissions=["seal"])
    def seal(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Seal the secrets of the entries ticked."""
        count = 0
        for row in queryset:
            if row.secret and social_apps.seal_stored(row):
                count += 1
                self.log_change(request, row, gettext("Sealed the secret."))
        text = ngettext("Sealed %(count)d secret.", "Sealed %(count)d secrets.", count) % {"count": count}
        self.message_user(request, text, messages.SUCCESS, fail_silently=True)


class _Elsewhere(KeysetAdmin, _Base):
    """allauth's own entry in the admin, which shows the secret: it leads to ours, and stays there to be replaced."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Keep it out of the index."""
        return False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: ours adds."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: ours changes."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: ours deletes."""
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Lead to our list."""
        return HttpResponseRedirect(reverse(f"{self.admin_site.name}:consumer_site_signinprovider_changelist"))

    def changeform_view(self, request: HttpRequest, object_id: Any = None, *args: Any, **kwargs: Any) -> HttpResponse:
        """Lead to the same entry's page of ours."""
        name = f"{self.admin_site.name}:consumer_site_signinprovider_"
        return HttpResponseRedirect(
            reverse(f"{name}change", args=[object_id]) if object_id else reverse(f"{name}changelist")
        )


def replace(site: admin.AdminSite) -> None:
    """Take the place of allauth's own page, unless the project has removed it, or shows one of its own."""
    if type(site._registry.get(SocialApp)) is allauth_admin.SocialAppAdmin:
        site.unregister(SocialApp)
        site.register(SocialApp, _Elsewhere)


replace(admin.site)
