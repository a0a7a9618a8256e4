"""`make demo`: what it seeds, what it keeps, and what it says when it can't."""

import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import CommandError, call_command
from django.test import RequestFactory

from project import ports, seeding
from project.management.commands.demo import Command, instructions
from tests.engines import free_port

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def path(tmp_path: Path, settings: Any) -> Path:
    """Return where demo.json goes, in a directory of this test's own."""
    settings.DEBUG = True
    settings.VAR_DIR = tmp_path
    return tmp_path / "demo.json"


def counts() -> dict[str, int]:
    from allauth.account.models import EmailAddress
    from allauth.socialaccount.models import SocialApp
    from oauth2_provider.models import get_application_model

    from provider_site.models import ClientSecret, Profile

    models = (get_user_model(), EmailAddress, SocialApp, get_application_model(), ClientSecret, Profile)
    return {model.__name__: model._default_manager.count() for model in models}


def test_seed_writes_what_a_program_needs_to_sign_in(db: None, path: Path) -> None:
    from allauth.socialaccount.models import SocialApp

    demo = seeding.seed(path=path)
    assert json.loads(path.read_text()) == demo
    assert path.stat().st_mode & 0o777 == 0o600
    assert demo["issuer"] == demo["provider_url"] == "http://localhost:8000"
    roles = {account["username"]: account["role"] for account in demo["accounts"]}
    assert roles == {
        "admin": "administrator",
        "xiaoming": "person",
        "alice": "person",
        **{role: role for role in ("developer", "reviewer", "operator", "auditor")},
    }
    calendar = demo["clients"]["calendar"]
    assert calendar["redirect_uris"] == ["http://127.0.0.1:8000/accounts/house/login/callback/"]
    assert calendar["required_scopes"] == ["openid", "nickname"]
    assert demo["clients"]["native"]["public"]
    assert demo["clients"]["native"]["client_secret"] is None
    assert demo["clients"]["without_pkce"]["pkce_waived"]
    assert {client["status"] for client in demo["clients"].values()} == {"approved"}
    entries = set(SocialApp.objects.values_list("client_id", flat=True))
    for name, app in (("qq", "app_id"), ("weixin", "app_id"), ("weixin", "inside_app_id"), ("github", "client_id")):
        emulator = demo[f"{name}_emulator"]
        assert emulator[app] in entries
        assert emulator["base_url"] == f"http://127.0.0.1:8000/sandbox/{name}"
        assert emulator["persons"]


def test_seeded_passwords_and_secrets_are_the_real_ones(db: None, path: Path) -> None:
    from provider_site.services.applications import application_model
    from provider_site.services.secrets import verify_secret

    demo = seeding.seed(path=path)
    for account in demo["accounts"]:
        request = RequestFactory().post("/")
        assert authenticate(request, username=account["username"], password=account["password"])
    client = demo["clients"]["calendar"]
    application = application_model().objects.get(client_id=client["client_id"])
    assert verify_secret(application=application, secret=client["client_secret"])


def test_person_is_seeded_with_nickname_and_avatar(db: None, path: Path) -> None:
    from provider_site.services.profiles import get_profile

    seeding.seed(path=path)
    profile = get_profile(user=get_user_model().objects.get(username="xiaoming"))
    assert profile.nickname == "小明"
    assert profile.avatar.size > 100


def test_second_seeding_changes_nothing(db: None, path: Path) -> None:
    first, before = seeding.seed(path=path), counts()
    assert seeding.seed(path=path) == first
    assert counts() == before


def test_second_seeding_keeps_what_people_changed(db: None, path: Path) -> None:
    from provider_site.services.profiles import get_profile, set_nickname

    seeding.seed(path=path)
    user = get_user_model().objects.get(username="xiaoming")
    set_nickname(user=user, nickname="大明")
    seeding.seed(path=path)
    assert get_profile(user=user).nickname == "大明"


def test_lost_file_is_made_anew_with_working_secrets(db: None, path: Path) -> None:
    from provider_site.services.applications import application_model
    from provider_site.services.secrets import verify_secret

    first = seeding.seed(path=path)["clients"]["calendar"]
    path.unlink()
    second = seeding.seed(path=path)["clients"]["calendar"]
    assert second["client_secret"] != first["client_secret"]
    application = application_model().objects.get(client_id=second["client_id"])
    assert verify_secret(application=application, secret=second["client_secret"])


def test_another_port_moves_the_addresses(db: None, path: Path, settings: Any) -> None:
    from allauth.socialaccount.models import SocialApp

    from provider_site.services.applications import application_model

    seeding.seed(path=path)
    settings.CONSUMER_URL = "http://127.0.0.1:8765"
    settings.PROVIDER_URL = "http://localhost:8765"
    client = seeding.seed(path=path)["clients"]["calendar"]
    application = application_model().objects.get(client_id=client["client_id"])
    assert application.redirect_uris == "http://127.0.0.1:8765/accounts/house/login/callback/"
    house = SocialApp.objects.get(provider="house")
    assert house.settings["server_url"] == "http://localhost:8765"
    assert not house.secret


def test_real_qq_app_set_in_the_admin_is_kept(db: None, path: Path) -> None:
    from allauth.socialaccount.models import SocialApp

    seeding.seed(path=path)
    SocialApp.objects.filter(provider="qq").update(client_id="101234567", secret="real")
    seeding.seed(path=path)
    assert SocialApp.objects.get(provider="qq").client_id == "101234567"


@pytest.mark.parametrize("provider", ["house", "qq"])
def test_further_entry_made_in_the_admin_is_kept_and_stops_no_seeding(db: None, path: Path, provider: str) -> None:
    from allauth.socialaccount.models import SocialApp

    seeding.seed(path=path)
    fields = {"provider_id": "second", "settings": {"server_url": "https://id.example.com"}}
    SocialApp.objects.create(provider=provider, name="Second", client_id="2", **fields)
    seeding.seed(path=path)
    assert sorted(SocialApp.objects.filter(provider=provider).values_list("provider_id", flat=True)) == ["", "second"]
    assert SocialApp.objects.get(provider_id="second").client_id == "2"


@pytest.mark.parametrize(("family", "address"), ports.LOOPBACKS, ids=["127.0.0.1", "::1"])
def test_busy_port_is_one_clear_sentence(
    db: None, path: Path, settings: Any, family: socket.AddressFamily, address: str
) -> None:
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        try:
            listener.bind((address, 0))
        except OSError:
            pytest.skip(f"this machine has no {address}")
        listener.listen(1)
        settings.PORT = str(listener.getsockname()[1])
        with pytest.raises(CommandError) as refusal:
            call_command("demo")
    assert str(refusal.value).startswith(f"Port {settings.PORT} is already in use on {address}.")
    assert "\n" not in str(refusal.value)
    assert not path.exists()


@pytest.mark.parametrize(("port", "sentence"), [("abc", "PORT must be a number"), ("0", "PORT must be a number")])
def test_port_that_is_none_is_one_sentence_before_anything_is_removed(port: str, sentence: str) -> None:
    command = [sys.executable, "-m", "project.ports"]
    environment = {**os.environ, "PORT": port}
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.startswith(f"Configuration: {sentence}")
    assert len(result.stderr.splitlines()) == 1


def fake_python(directory: Path, script: str) -> Path:
    program = directory / "python3"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize("script", ["exit 0", "echo yes", "echo 2.7"])
def test_program_that_is_no_python_3_is_not_taken_for_one(tmp_path: Path, script: str) -> None:
    program = fake_python(tmp_path, script)
    environment = {**os.environ, "PYTHON": str(program)}
    result = subprocess.run([ROOT / ".ci/find-python"], env=environment, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith(f"No usable Python: {program} is no Python 3. ")


def test_python_that_runs_this_is_found() -> None:
    environment = {**os.environ, "PYTHON": sys.executable}
    result = subprocess.run([ROOT / ".ci/find-python"], env=environment, capture_output=True, text=True, check=False)
    assert result.stdout.strip() == sys.executable


def test_instructions_are_in_both_languages(db: None, path: Path) -> None:
    demo = seeding.seed(path=path)
    text = instructions(demo, directory=path.parent)
    assert "What to click:" in text
    assert "怎么试：" in text
    for step in range(1, 5):
        assert text.count(f"    {step}. ") == 2, step
    for account in demo["accounts"]:
        assert account["password"] in text
    assert "http://localhost:8000/o/developer/" in text
    assert "http://localhost:8000/admin/provider_site/review/" in text


def test_terminal_that_writes_no_chinese_shows_the_rest(db: None, path: Path) -> None:
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    command = Command(stdout=terminal)
    command._tell(seeding.seed(path=path))
    terminal.flush()
    assert b"What to click:" in terminal.buffer.getvalue()


def test_demo_is_refused_outside_development(db: None, path: Path, settings: Any) -> None:
    settings.DEBUG = False
    with pytest.raises(CommandError, match="only in development"):
        call_command("demo")


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]


def alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def environment(port: int, directory: Path) -> dict[str, str]:
    """Return the environment of a demonstration that has nothing of this test run."""
    foreign = ("DATABASE_URL", "CACHE_URL", "PROVIDER_URL", "CONSUMER_URL", "SITES", "DJANGO_SETTINGS_MODULE")
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    return kept | {"PORT": str(port), "VAR_DIR": str(directory)}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of a demonstration that was made from nothing, and has served nobody."""
    directory = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "manage.py", "demo", "--prepare-only"]
    subprocess.run(command, cwd=ROOT, env=environment(free_port(), directory), capture_output=True, check=True)
    return directory


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_demo_serves_both_sites_and_ends_with_its_worker(
    tmp_path: Path, prepared: Path, ending: signal.Signals
) -> None:
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    port = free_port()
    with (tmp_path / "log").open("wb") as log:
        command = [sys.executable, "manage.py", "demo"]
        demo = subprocess.Popen(command, cwd=ROOT, env=environment(port, tmp_path), stdout=log, stderr=log)
    try:
        until = time.monotonic() + 60
        while not ports.busy_address(port) and time.monotonic() < until and demo.poll() is None:
            time.sleep(0.1)
        for host in ("localhost", "127.0.0.1"):
            with urllib.request.urlopen(f"http://{host}:{port}/", timeout=20) as response:
                assert response.status == 200, host
        workers = children(demo.pid)
        assert workers
        demo.send_signal(ending)
        demo.wait(20)
        until = time.monotonic() + 10
        while any(map(alive, workers)) and time.monotonic() < until:
            time.sleep(0.1)
        assert not any(map(alive, workers))
    finally:
        if demo.poll() is None:
            demo.kill()
            demo.wait()
    assert json.loads((tmp_path / "demo.json").read_text())["provider_url"] == f"http://localhost:{port}"
    told = (tmp_path / "log").read_text()
    assert "What to click:" in told
    assert "INFO django_tasks" not in told
