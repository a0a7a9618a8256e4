"""Logos are re-encoded copies at addresses of their own, shown to people, and pruned when nothing names them."""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from provider_site.models import Logo, Registration, Review
from provider_site.models.profile import avatar_storage
from provider_site.services import logos, pruning, reviews
from tests import factories
from tests.provider.developer.browsers import nobody, signed_in
from tests.provider.developer.pages import NEW, change, facts, hidden, register
from tests.provider.driver import Driver, plant_signing_key

MARK = b"<script>alert(1)</script>"


def picture(colour: str = "#1a7f5a") -> SimpleUploadedFile:
    output = io.BytesIO()
    Image.new("RGB", (300, 200), colour).save(output, "PNG")
    return SimpleUploadedFile("logo.svg", output.getvalue() + MARK, content_type="image/svg+xml")


@pytest.fixture(autouse=True)
def everyone_may_register(settings: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"WHO_MAY_REGISTER": "everyone"}


@pytest.fixture
def developer(user: Any) -> Client:
    return signed_in(user)


def age(logo: Logo) -> None:
    Logo.objects.filter(pk=logo.pk).update(created=timezone.now() - pruning.KEPT - timedelta(hours=1))


def stored(logo: Logo) -> bool:
    return avatar_storage().exists(logo.picture.name)


def test_uploaded_logo_is_kept_as_pixels_alone_and_served_as_a_picture(developer: Client) -> None:
    answer = register(developer, logo=picture())
    logo = Registration.objects.get().logo
    assert f"/o/logo/{logo.pk}.png" in answer.content.decode()
    served = Client(headers={"host": "localhost:8000"}).get(f"/o/logo/{logo.pk}.png")
    content = b"".join(served.streaming_content)
    assert Image.open(io.BytesIO(content)).size == (256, 256)
    assert MARK not in content
    assert served["Content-Type"] == "image/png"
    assert served["X-Content-Type-Options"] == "nosniff"
    assert served["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize("content", [b"", b"x" * 100, MARK, b"<svg xmlns='http://www.w3.org/2000/svg'/>"])
def test_file_that_is_no_picture_is_refused_at_its_field(developer: Client, content: bytes) -> None:
    answer = register(developer, logo=SimpleUploadedFile("logo.png", content, content_type="image/png"))
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == ["logo"]
    assert not Logo.objects.exists()


def test_unknown_logo_is_not_found(db: None) -> None:
    assert nobody().get("/o/logo/unknown.png").status_code == 404


def test_logo_whose_file_is_gone_is_not_found(application: Any) -> None:
    logo = logos.store(application=application, upload=picture())
    avatar_storage().delete(logo.picture.name)
    assert nobody().get(f"/o/logo/{logo.pk}.png").status_code == 404


def test_failed_registration_leaves_no_file(developer: Client, user: Any, settings: Any) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"MAX_APPLICATIONS": 1}
    once = hidden(developer.get(NEW), "once")
    factories.make_application(owner=user)
    assert developer.post(NEW, facts(once=once, logo=picture())).status_code == 400
    assert avatar_storage().listdir("provider_site/logos")[1] == []


def test_consent_page_and_connected_apps_show_the_logo(user: Any) -> None:
    plant_signing_key()
    registered = factories.make_application()
    logo = logos.store(application=registered.application, upload=picture())
    Registration.objects.update(logo=logo)
    driver = Driver(registered, user)
    page = driver.browser.get(driver.authorize()["Location"]).content.decode()
    assert f'src="/o/logo/{logo.pk}.png"' in page
    driver.tokens()
    assert f'src="/o/logo/{logo.pk}.png"' in driver.browser.get("/o/apps/").content.decode()


def test_new_logo_of_an_approved_application_waits_for_review(developer: Client, user: Any, staff: Any) -> None:
    application = factories.make_application(owner=user, name="Timetable").application
    change(developer, application, logo=picture())
    assert Registration.objects.get().logo is None
    asked = Logo.objects.get()
    assert f"/o/logo/{asked.pk}.png" in developer.get(f"/o/developer/{application.pk}/").content.decode()
    reviews.approve(application=application, actor=staff)
    assert Registration.objects.get().logo == asked


def test_logo_is_removed_by_its_tick(developer: Client, user: Any) -> None:
    application = factories.make_application(owner=user, name="Timetable", status="draft").application
    Registration.objects.update(logo=logos.store(application=application, upload=picture()))
    change(developer, application, remove_logo="on")
    assert Registration.objects.get().logo is None


def test_logo_of_another_application_cannot_be_named(developer: Client, user: Any, application: Any) -> None:
    foreign = logos.store(application=application, upload=picture())
    own = factories.make_application(owner=user, name="Timetable", status="draft").application
    change(developer, own, logo=foreign.pk)
    assert Registration.objects.get(application=own).logo is None


def test_application_keeps_a_limited_number_of_logos(application: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logos, "MAX_KEPT", 1)
    logos.store(application=application, upload=picture())
    with pytest.raises(ValidationError):
        logos.store(application=application, upload=picture())


def test_logo_nobody_names_is_pruned_with_its_file(
    application: Any, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logos, "BATCH", 2)
    old = [logos.store(application=application, upload=picture()) for _number in range(3)]
    for logo in old:
        age(logo)
    fresh = logos.store(application=application, upload=picture())
    with django_capture_on_commit_callbacks(execute=True):
        assert pruning.prune()["logos"] == 3
    assert [stored(logo) for logo in [*old, fresh]] == [False, False, False, True]


def test_logo_in_use_waiting_or_lately_decided_stays(
    application: Any, django_capture_on_commit_callbacks: Any, user: Any
) -> None:
    shown, waiting, decided = (logos.store(application=application, upload=picture()) for _number in range(3))
    for logo in (shown, waiting, decided):
        age(logo)
    Registration.objects.update(logo=shown)
    now = timezone.now()
    Review.objects.create(application=application, is_change=True, facts={"logo": waiting.pk}, submitted_at=now)
    Review.objects.create(
        application=application, facts={"logo": ""}, before={"logo": decided.pk}, submitted_at=now, decided_at=now
    )
    with django_capture_on_commit_callbacks(execute=True):
        assert pruning.prune()["logos"] == 0
    assert all(stored(logo) for logo in (shown, waiting, decided))
    Review.objects.update(decided_at=now - pruning.KEPT - timedelta(hours=1))
    assert pruning.prune()["logos"] == 2
