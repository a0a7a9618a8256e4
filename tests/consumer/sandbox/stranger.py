"""Sign in at each emulator inside a stranger's project; started as a process of its own by test_stranger.py."""

import json
import sys
from io import StringIO
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import django

django.setup()

from django.core.management import call_command
from django.test import Client
from django.test.utils import setup_test_environment

CALLBACK = "http://127.0.0.1:8000/anything/"
setup_test_environment()
call_command("migrate", verbosity=0)
checked, migrations = StringIO(), StringIO()
call_command("check", stdout=checked)
call_command("makemigrations", "--check", "--dry-run", stdout=migrations)
client = Client()


def code_from(path: str, **query: str) -> str:
    """Allow as the first person."""
    page = client.get(f"/sandbox/{path}?{urlencode(query)}")
    person = page.content.decode().split('name="person"', 1)[1].split('value="', 1)[1].split('"', 1)[0]
    answer = client.post(f"/sandbox/{path}?{urlencode(query)}", {"decision": "allow", "person": person})
    return parse_qs(urlsplit(answer["Location"]).query)["code"][0]


def answer_of(path: str, **query: str) -> Any:
    """Return the JSON of an answer."""
    return json.loads(client.get(f"/sandbox/{path}", query).content.decode())


qq = {"client_id": "100000001", "client_secret": "sandbox-qq-app-key", "redirect_uri": CALLBACK, "fmt": "json"}
code = code_from("qq/oauth2.0/authorize", response_type="code", client_id="100000001", redirect_uri=CALLBACK, state="s")
token = answer_of("qq/oauth2.0/token", grant_type="authorization_code", code=code, need_openid="1", **qq)
seen = [
    answer_of(
        "qq/user/get_user_info",
        access_token=token["access_token"],
        openid=token["openid"],
        oauth_consumer_key="100000001",
    )["nickname"]
]

app = {"appid": "wx0000000000000001"}
asked = {"redirect_uri": CALLBACK, "response_type": "code", "scope": "snsapi_login"}
code = code_from("weixin/connect/qrconnect", **app, **asked)
exchange = {"secret": "sandbox-weixin-secret", "code": code, "grant_type": "authorization_code"}
token = answer_of("weixin/sns/oauth2/access_token", **app, **exchange)
wanted = {"access_token": token["access_token"], "openid": token["openid"]}
seen.append(answer_of("weixin/sns/userinfo", **wanted)["nickname"])

app = {"client_id": "Ov23liSandbox0000001"}
code = code_from("github/login/oauth/authorize", **app, redirect_uri=CALLBACK, scope="user:email")
form = app | {"client_secret": "sandbox-github-secret", "code": code}
answer = client.post("/sandbox/github/login/oauth/access_token", form, headers={"accept": "application/json"})
headers = {"authorization": f"Bearer {answer.json()['access_token']}", "user-agent": "stranger"}
seen.append(client.get("/sandbox/github/api/v3/user", headers=headers).json()["login"])

pages = ["/sandbox/", "/sandbox/sandbox.css", *(f"/sandbox/{name}/behaviour/" for name in ("qq", "weixin", "github"))]
sys.stdout.write(
    json.dumps(
        {
            "seen": seen,
            "pages": [client.get(path).status_code for path in pages],
            "checked": checked.getvalue(),
            "migrations": migrations.getvalue(),
        }
    )
)
