"""Sign three people in, in the project that DJANGO_SETTINGS_MODULE names; print what became of them."""

import json
import re
import sys

import django

django.setup()

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client

from tests.consumer import openid_provider
from tests.consumer.journey import HOST, Journey

call_command("check", fail_level="WARNING", stdout=sys.stderr)
call_command("makemigrations", "consumer_site", check=True, dry_run=True, stdout=sys.stderr)
call_command("migrate", run_syncdb=True, verbosity=0)

from allauth.socialaccount.models import SocialApp

from consumer_site.models import SessionLink, StoredToken

boss = get_user_model()(is_staff=True, is_superuser=True)
setattr(boss, get_user_model().USERNAME_FIELD, "boss@example.com")
boss.save()
admin = Client(headers={"host": HOST})
admin.force_login(boss)
pages = []
with openid_provider.running() as house:
    # As a stranger would: by the form, which offers the project's sites where it has any.
    form = {"name": "House", "server_url": house.issuer, "client_id": openid_provider.CLIENT_ID}
    place = "/admin/consumer_site/signinprovider/"
    sites = re.findall(
        r'name="sites" value="([0-9]+)"[^>]* checked', admin.get(f"{place}add/?kind=house").content.decode()
    )
    added = admin.post(f"{place}add/?kind=house", form | {"new_secret": openid_provider.CLIENT_SECRET, "sites": sites})
    assert added.status_code == 302, added.content.decode()
    entry = SocialApp.objects.get()
    changed = admin.get(f"{place}{entry.pk}/change/").content.decode()
    assert f"http://{HOST}/accounts/house/login/callback/" in changed
    assert entry.secret == ""
    for subject in ("one", "two", "three"):
        house.userinfo["sub"] = subject
        visitor = Client(headers={"host": HOST})
        response = Journey(house, visitor).sign_in()
        pages.append([response.status_code, visitor.get("/calendar/").status_code])

secret = {StoredToken.objects.latest("pk").sealed, SessionLink.objects.latest("pk").session_key}
leaks, changes = (
    [text for text in (openid_provider.CLIENT_SECRET, entry.settings["sealed_secret"]) if text in changed],
    [],
)
for model in (StoredToken, SessionLink):
    place = f"/admin/consumer_site/{model.__name__.lower()}/"
    shown = [admin.get(place), admin.get(f"{place}{model.objects.latest('pk').pk}/change/")]
    assert [response.status_code for response in shown] == [200, 200]
    leaks += [place for response in shown for text in secret if text in response.content.decode()]
    changes += [admin.get(f"{place}add/").status_code, admin.post(shown[1].request["PATH_INFO"]).status_code]

foreign = sorted({name.partition(".")[0] for name in sys.modules} & {"provider_site", "project", "oauth2_provider"})
sys.stdout.write(
    json.dumps(
        {
            "pages": pages,
            "people": get_user_model().objects.exclude(pk=boss.pk).count(),
            "sites": sites,
            "foreign": foreign,
            "leaks": leaks,
            "changes": changes,
        }
    )
)
