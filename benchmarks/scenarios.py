"""What is asked of each subject, written as the load generator reads it (see the head of lg.c)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from benchmarks import credentials

FLOOR = ("nothing", "select_orm", "select_sql", "insert_orm", "insert_sql")
# Those that are compared with each other stand together.
ORDER = (
    *FLOOR,
    *("client_credentials", "client_credentials_jwt", "code_flow", "code_flow_es256", "refresh"),
    *("introspection", "userinfo", "discovery", "jwks"),
)


@dataclass(frozen=True)
class Step:
    """One request: its name, the statuses that are right, and what later steps need of the answer.

    `json` and `after` map a variable to a member of the body, or to the text before it in the answer.
    """

    name: str
    statuses: Sequence[int]
    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    json: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)

    def render(self) -> str:
        """Return the lines of the scenario file."""
        marks = [f"@step {self.name} {','.join(map(str, self.statuses))}"]
        marks += [f"@json {variable} {key}" for variable, key in self.json.items()]
        marks += [f"@hdr {variable} {prefix}" for variable, prefix in self.after.items()]
        lines = [f"{self.method} {self.target} HTTP/1.1", *(f"{name}: {text}" for name, text in self.headers.items())]
        if self.body:
            lines += ["Content-Type: application/x-www-form-urlencoded", "Content-Length: {{len}}", "", self.body]
        return "\n".join([*marks, *lines]) + "\n"


@dataclass(frozen=True)
class Scenario:
    """A flow of steps. `own` are variables of which each connection has a line, `pool` those drawn anew each time."""

    name: str
    steps: Sequence[Step]
    own: Sequence[str] = ()
    pool: Sequence[str] = ()

    def render(self) -> str:
        """Return the scenario file."""
        return "".join(step.render() for step in self.steps)


@dataclass(frozen=True)
class Provider:
    """Where a provider has its endpoints, and how it is addressed."""

    authorize: str
    token: str
    introspection: str
    userinfo: str
    discovery: str
    jwks: str
    cookie: str
    scope: str
    machine_scope: str
    resource_server: str
    headers: Mapping[str, str]

    def post(self, name: str, target: str, client: str, json: Mapping[str, str] | None = None, **form: str) -> Step:
        """Return a request by which a client proves itself in the body (client_secret_post)."""
        form |= {"client_id": client, "client_secret": credentials.CLIENT_SECRET}
        return Step(name, [200], "POST", target, self.headers, body=urlencode(form, safe="{}"), json=json or {})

    def get(self, name: str, target: str, **headers: str) -> Step:
        """Return a plain request."""
        return Step(name, [200], "GET", target, {**self.headers, **headers})

    def client_credentials(self, name: str, client: str) -> Scenario:
        """Return the token request of a machine."""
        form = {"grant_type": "client_credentials"}
        if self.machine_scope:
            form["scope"] = self.machine_scope
        return Scenario(name, [self.post("token", self.token, client, {"at": "access_token"}, **form)])

    def code_flow(self, name: str, client: str) -> Scenario:
        """Return authorization, by a signed-in browser that has consented, and the exchange of its code."""
        query = {
            "response_type": "code",
            "client_id": client,
            "redirect_uri": credentials.REDIRECT_URI,
            "scope": self.scope,
            "state": "state",
            "nonce": "nonce",
            "code_challenge": credentials.CHALLENGE,
            "code_challenge_method": "S256",
        }
        authorize = Step(
            "authorize",
            [302, 303],
            "GET",
            f"{self.authorize}?{urlencode(query)}",
            {**self.headers, "Cookie": self.cookie + "={{cookie}}"},
            after={"code": "code="},
        )
        exchange = self.post(
            "token",
            self.token,
            client,
            {"id": "id_token"},
            grant_type="authorization_code",
            code="{{code}}",
            redirect_uri=credentials.REDIRECT_URI,
            code_verifier=credentials.VERIFIER,
        )
        return Scenario(name, [authorize, exchange], own=["cookie"])

    def refresh(self) -> Scenario:
        """Return a refresh whose answer's token is the next one's."""
        form = {"grant_type": "refresh_token", "refresh_token": "{{rt}}"}
        step = self.post("refresh", self.token, credentials.WEB, {"rt": "refresh_token"}, **form)
        return Scenario("refresh", [step], own=["rt"])

    def introspect(self) -> Scenario:
        """Return a resource server's question about one of many tokens."""
        step = self.post("introspect", self.introspection, self.resource_server, {"of": "client_id"}, token="{{at}}")
        return Scenario("introspection", [step], pool=["at"])

    def others(self) -> list[Scenario]:
        """Return userinfo and the documents."""
        userinfo = self.get("userinfo", self.userinfo, Authorization="Bearer {{at}}")
        return [
            Scenario("userinfo", [userinfo], pool=["at"]),
            Scenario("discovery", [self.get("discovery", self.discovery)]),
            Scenario("jwks", [self.get("jwks", self.jwks)]),
        ]

    def scenarios(self, machines: Mapping[str, str], webs: Mapping[str, str]) -> list[Scenario]:
        """Return every scenario; both arguments map a scenario's name to its client."""
        return [
            *(self.client_credentials(name, client) for name, client in machines.items()),
            *(self.code_flow(name, client) for name, client in webs.items()),
            self.refresh(),
            self.introspect(),
            *self.others(),
        ]


def floor_scenarios() -> list[Scenario]:
    """Return what is asked of the bare views."""
    return [Scenario(name, [Step(name, [200], "GET", f"/{name}", {"Host": "127.0.0.1"})]) for name in FLOOR]
