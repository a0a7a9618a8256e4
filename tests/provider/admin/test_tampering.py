"""Forms as somebody writes them by hand: rows of other applications, and rows that are there already."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from oauth2_provider.models import get_application_model

from provider_site.models import Registration, Review
from provider_site.services import facts, roles
from tests import factories
from tests.provider.admin import registrations
from tests.provider.admin.office import as_html, enter, page_of


@pytest.fixture
def operator(db: None) -> Client:
    """Return an operator's browser."""
    person = factories.make_user("operator", is_staff=True)
    person.groups.add(Group.objects.get(name=roles.OPERATORS))
    return enter(person)


@pytest.mark.parametrize("name", ["", "  ", "\u200b", "A\u202eB", "A\x07B"])
def test_name_shows_what_it_is(operator: Client, user: Any, name: str) -> None:
    application = registrations.draft(user)
    before = application.name
    save(operator, application, name=name)
    application.refresh_from_db()
    assert application.name == before
    save(operator, application, name="Two\nlines")
    application.refresh_from_db()
    assert application.name == "Two lines"


@pytest.mark.parametrize("model", [Review, get_application_model()])
def test_search_for_a_thousand_words_is_one_for_the_beginning_of_a_name(
    operator: Client, user: Any, model: Any
) -> None:
    application = registrations.submitted(user, name="some words and more")
    assert application.name in as_html(operator.get(page_of(model), {"q": "some words"}))
    answer = operator.get(page_of(model), {"q": " ".join(["some words"] * 1000)})
    assert answer.status_code == 200
    assert application.name not in as_html(answer)


def save(browser: Client, application: Any, **fields: Any) -> None:
    browser.post(page_of(type(application), application.pk, "change"), registrations.change_form(application, **fields))


class TestRowsOfOthers:
    def test_form_names_no_row_of_another_application(self, operator: Client, user: Any) -> None:
        application, other = registrations.draft(user), registrations.approved(user)
        registration, scope = Registration.objects.get(application=other), other.registered_scopes.first()
        before = facts.read(application=other)
        pkce = {"registration-0-pkce_waived": "on", "registration-0-language": "en"}
        for name in ("registration-0-id", "registration-0-application"):
            save(operator, application, **pkce, **{name: registration.pk if name.endswith("id") else other.pk})
        row = {"id": scope.pk, "application": application.pk, "scope": "email", "justification": "Mine."}
        form = {f"registered_scopes-0-{name}": value for name, value in row.items()}
        count = {"registered_scopes-TOTAL_FORMS": "1", "registered_scopes-INITIAL_FORMS": "1"}
        save(operator, application, **count, **form)
        save(operator, application, **count, **form, **{"registered_scopes-0-DELETE": "on"})
        assert facts.read(application=other) == before
        save(operator, application, **pkce)
        assert Registration.objects.get(application=application).pkce_waived, "the form itself is one that is heard"
        registration.refresh_from_db()
        assert (registration.pkce_waived, registration.language, registration.application) == (False, "", other)

    def test_registration_is_not_begun_again(self, operator: Client, user: Any) -> None:
        application = registrations.suspended(user)
        before = Registration.objects.values().get(application=application)
        for key in ("", before["id"]):
            save(operator, application, **{"registration-INITIAL_FORMS": "0", "registration-0-id": key})
        assert Registration.objects.values().get(application=application) == before
