"""Builds that are careless about what people allowed, to whom, and whether it still holds."""

from typing import Any

from tests.security.weakened.registry import Build, weakens

_TAMPERING = "test_consent_tampering.py::TestConsentTampering"
_HANDLE = "test_request_handle.py::TestRequestHandle"


@weakens(
    "test_dead_accounts.py::TestDeactivatedPerson::test_nothing_works_from_the_next_request_on",
    "test_dead_accounts.py::TestWithdrawnConsent::test_consent_whose_time_is_over_opens_nothing",
    "test_review_state.py::TestUnreviewed::test_removed_tester_is_refused_at_the_next_use",
    "test_review_state.py::TestUnreviewed::test_rejected_after_tokens_were_bought_serves_its_own_people_alone",
)
def tokens_hold_until_they_expire(build: Build) -> None:
    """A token is good until its time is over, whatever happens to person, consent and application."""
    build.replace("provider_site.policy.token_use.refusal", lambda _facts, *, now: None)


@weakens(
    "test_review_state.py::TestUnreviewed::test_who_has_not_signed_in_learns_it_after_the_sign_in",
    "test_dead_accounts.py::TestClosedApplication::test_draft_serves_its_owner_alone",
    "test_logout_abuse.py::TestOpenRedirect::test_address_that_nobody_reviewed_is_not_followed[draft]",
)
def unreviewed_applications_serve_everybody(build: Build) -> None:
    """Whoever registers an application can use it against anybody at once."""
    build.replace("provider_site.policy.review.may_serve", lambda *, status, is_member: True)


@weakens(
    f"{_TAMPERING}::test_remembered_consent_is_not_widened_by_a_wider_request",
    f"{_TAMPERING}::test_consent_to_one_client_is_none_to_another",
    "test_silent_grants.py::TestFirstParty::test_no_outlives_every_silence",
    "test_silent_grants.py::TestFirstParty::test_public_client_is_never_one",
)
def everybody_is_first_party(build: Build) -> None:
    """No application has to ask anybody, and a "no" is forgotten."""
    from provider_site.policy import consent

    build.replace("provider_site.policy.consent.decide", lambda _situation: consent.Outcome.NOT_ASKED)
    build.replace("provider_site.policy.consent.granted_unasked", lambda situation: situation.requested)


@weakens(
    f"{_TAMPERING}::test_scope_that_was_not_offered_saves_nothing[scopes0]",
    f"{_TAMPERING}::test_duration_that_was_not_offered_saves_nothing[36500]",
    "test_consent_tampering.py::TestTermsTampering::test_handle_of_one_request_decides_no_other",
    "test_claim_widening.py::test_form_cannot_add_a_claim_that_was_not_asked_for",
)
def consent_form_takes_what_comes(build: Build) -> None:
    """The consent form's fields are not compared with what the page offered."""

    def wide(original: Any, self: Any, data: Any, *, choices: Any, offered: Any) -> None:
        from provider_site.policy import durations

        more = [durations.from_text(text) for text in data.getlist("duration") if text.isdigit()]
        original(self, data, choices={*choices, *data.getlist("scope")}, offered=[*offered, *more])

    def allow(original: Any, *, requested: Any, ticked: Any, duration: Any, offered: Any, **rest: Any) -> Any:
        return original(
            requested=requested | ticked, ticked=ticked, duration=duration, offered=[*offered, duration], **rest
        )

    build.wrap("provider_site.portal.consent.forms.ConsentForm.__init__", wide)
    build.wrap("provider_site.services.consents.allow", allow)


@weakens(
    f"{_HANDLE}::test_handle_of_another_person_is_refused",
    f"{_HANDLE}::test_handle_planted_by_a_signed_in_attacker_is_refused",
    "test_device_theft.py::test_handle_of_one_person_is_nothing_to_another[continue/]",
)
def handles_are_anybodys(build: Build) -> None:
    """Whoever knows the handle of a waiting request goes on with it."""

    def find(original: Any, *, handle: str, user: Any) -> Any:
        return original(handle=handle, user=None)

    build.wrap("provider_site.services.authorization_requests.find", find)


@weakens(
    f"{_HANDLE}::test_handle_is_used_up_by_its_answer",
    "test_consent_tampering.py::TestTermsTampering::test_allowed_once_cannot_be_resumed_twice",
)
def handles_are_used_again(build: Build) -> None:
    """A request that has been answered can be answered again."""
    build.replace("provider_site.services.authorization_requests.mark_answered", lambda **_row: None)


@weakens("test_app_pages.py::TestConnectedApps::test_app_of_somebody_else_is_not_there[sign-out/]")
def apps_of_others_are_found(build: Build) -> None:
    """A page about a connected app is shown to who never allowed it anything."""

    def application_of(*, user: Any, key: str) -> Any:
        from oauth2_provider.models import get_application_model

        return get_application_model().objects.filter(pk=key).first()

    build.replace("provider_site.services.connections.application_of", application_of)


@weakens(
    "test_try_it.py::TestStranger::test_staff_who_is_no_owner_is_a_stranger",
    "test_silent_grants.py::TestFirstParty::test_owners_address_answers_no_one_else",
)
def everybody_is_an_owner(build: Build) -> None:
    """The address at which owners try their applications answers everybody."""
    build.replace("provider_site.services.members.is_owner", lambda **_who: True)


@weakens(
    "test_consent_boundaries.py::TestIdentifiers::test_address_that_is_nobodys_own_links_no_people_across_owners"
    "[https://localhost:8443/cb]",
)
def sectors_are_hosts_of_anybody(build: Build) -> None:
    """Applications whose redirect URIs have one host share their people's subjects, whoever has that host."""
    build.replace("provider_site.services.subjects.sector_of", lambda *, registration: "https://localhost")


@weakens("test_developer_abuse.py::TestFlooding::test_person_is_not_invited_over_and_over")
def invitations_have_no_end(build: Build) -> None:
    """Somebody may be invited, and written to, as often as anybody likes."""
    build.replace("provider_site.services.members._refuse_floods", lambda _identifier, _actor: None)


@weakens("test_personal_data.py::TestKeys::test_column_that_may_hold_a_key_is_left_out")
def keys_are_taken_home(build: Build) -> None:
    """The file that a person takes home holds every column of the account."""
    import re

    build.replace("provider_site.services.personal_data._SECRET", re.compile("password"))


@weakens("test_device_theft.py::test_going_on_without_the_consent_page_buys_nothing")
def devices_are_granted_what_was_granted(build: Build) -> None:
    """A device is signed in without a question where its application has been allowed before (RFC 8628 5.4)."""
    build.replace("provider_site.services.situations._is_unproven", lambda _application, _redirect_uri: False)
