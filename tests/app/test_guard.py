"""Under which name, from which page and with which key a request is answered."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from hexviz.app.guard import (
    Access,
    Guard,
    Hosts,
    Token,
    access,
    chosen_token,
    host_name,
    hosts_for,
    is_loopback,
)
from hexviz.app.guard.access import is_foreign
from hexviz.app.guard.limits import MAX_BODY, UPLOADING, Allowance, client
from hexviz.app.models.store import ModelStore
from hexviz.app.server import create_app
from hexviz.errors import ServeError
from tests.app.steps import NOTHING

TOKEN = "a-token-for-the-tests"  # noqa: S105
PORT = 8050
KEY = "0" * 64


def client_of(store: ModelStore, access: Access | None = None) -> FlaskClient:
    return create_app(store, guard=Guard(access)).server.test_client()


@pytest.fixture
def open_client(store: ModelStore) -> FlaskClient:
    return client_of(store)


@pytest.fixture
def locked(store: ModelStore) -> FlaskClient:
    return client_of(store, Access(token=Token(TOKEN, PORT)))


def rules(store: ModelStore) -> list[tuple[str, str]]:
    """Every method and path that the server has a route for, with its blanks filled in."""
    found = []
    for rule in create_app(store).server.url_map.iter_rules():
        path = rule.rule
        for blank in ("<path:filename>", "<path:fingerprinted_path>", "<path:path>", "<file>"):
            path = path.replace(blank, "x.js")
        path = path.replace("<key>", KEY).replace("<string:package_name>", "dash")
        path = path.replace("<suffix>", "json")
        assert "<" not in path, path
        found += [(method, path) for method in sorted(rule.methods or ())]
    return found


# Host


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8050", "127.0.0.1", "127.0.0.1:1", "[::1]:8050", "LOCALHOST"]
)
def test_this_machine_is_known(open_client: FlaskClient, host: str) -> None:
    assert open_client.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8050", "127.0.0.1.evil.example", "localhost.evil.example",
     "192.168.1.7", "localhost, evil.example", "evil.example@localhost", "localhost:x", "[::1",
     "localhost/", "2130706433"],
)  # fmt: skip
def test_a_name_that_leads_here_is_refused_on_every_route(store: ModelStore, host: str) -> None:
    asking = client_of(store)
    for method, path in rules(store):
        answer = asking.open(path, method=method, headers={"Host": host})
        assert answer.status_code == 403, (method, path)
        assert method == "HEAD" or "--allow-host" in answer.text


def test_a_rebound_name_is_refused_with_a_valid_cookie_too(locked: FlaskClient) -> None:
    locked.get(f"/?token={TOKEN}")
    assert locked.get("/").status_code == 200
    key = Token(TOKEN, PORT)
    locked.set_cookie(key.cookie_name, key.cookie, domain="evil.example")
    assert locked.get("/", base_url="http://evil.example").status_code == 403


def test_names_of_other_binds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access.socket, "gethostname", lambda: "Box")
    monkeypatch.setattr(access.socket, "getfqdn", lambda: "box.lab.example")
    one = hosts_for("192.168.1.7", "192.168.1.7", [host_name("Viewer.example.org")])
    for known in ("192.168.1.7:8050", "box", "box.lab.example:8050", "viewer.example.org"):
        assert one.knows(known)
    assert not one.knows("192.168.1.8")
    assert not one.knows("evil.example")
    everywhere = hosts_for("0.0.0.0", "0.0.0.0")  # noqa: S104
    assert everywhere.knows("10.1.2.3:8050")
    assert everywhere.knows("[2001:db8::1]:8050")
    assert not everywhere.knows("evil.example")
    assert not everywhere.knows("")
    six = hosts_for("2001:db8:0::7", "2001:db8::7")
    assert six.knows("[2001:DB8:0:0::7]:8050")
    assert not hosts_for("localhost", "127.0.0.1").knows("box")


@pytest.mark.parametrize("told", ["http://x.example", "x.example/a", "a b", "*", ""])
def test_what_is_no_name_is_a_clear_line(told: str) -> None:
    with pytest.raises(ServeError, match=r"--allow-host .* is no host name"):
        host_name(told)


def test_what_only_this_machine_reaches() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.1.7", "fe80::1", "box")))  # noqa: S104


# Origin


@pytest.mark.parametrize(
    "told",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9000"},
        {"Origin": "http://localhost.evil.example"},
        {"Referer": "http://evil.example/page"},
        {"Referer": "http://[broken"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_sites_page_cannot_send_anything(store: ModelStore, told: dict[str, str]) -> None:
    asking = client_of(store)
    posts = [path for method, path in rules(store) if method == "POST"]
    assert len(posts) >= 3
    for path in posts:
        answer = asking.post(path, json={}, headers=told)
        assert (answer.status_code, answer.text.count("\n")) == (403, 1), path


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"Origin": "http://localhost"},
        {"Origin": "https://localhost"},
        {"Referer": "http://localhost/?model=x"},
        {"Sec-Fetch-Site": "same-origin"},
    ],
)
def test_our_own_page_and_programs_can(open_client: FlaskClient, told: dict[str, str]) -> None:
    assert open_client.post("/event", json=NOTHING, headers=told).status_code == 200


def test_another_site_can_link_to_the_page_and_not_load_parts_of_it() -> None:
    own = {"Host": "localhost:8050"}
    assert not is_foreign(
        "GET", own | {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    )
    assert is_foreign("GET", own | {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"})
    assert is_foreign("GET", own | {"Origin": "http://localhost:9000"})
    assert not is_foreign("GET", own | {"Origin": "http://localhost:8050"})


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_a_form_of_another_site_reaches_no_route(open_client: FlaskClient, kind: str) -> None:
    """These three a page may send anywhere without asking first."""
    answer = open_client.post("/event", data=b'{"type": "visit"}', content_type=kind)
    assert answer.status_code == 415
    assert "application/json" in answer.text


# Token


def test_without_the_token_no_route_answers(store: ModelStore) -> None:
    asking = client_of(store, Access(token=Token(TOKEN, PORT)))
    for method, path in rules(store):
        answer = asking.open(path, method=method)
        assert answer.status_code == 401, (method, path)
        assert answer.headers["Cache-Control"] == "no-store"
        if method != "HEAD" and path != "/":
            assert answer.text == (
                "This server asks for its token: open the address it printed at start.\n"
            )


def test_the_token_is_exchanged_for_a_cookie_and_the_rest_of_the_address_stays(
    locked: FlaskClient,
) -> None:
    answer = locked.get(f"/?model={KEY}&open=a%26b&open=&token={TOKEN}")
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/?model={KEY}&open=a%26b&open="
    cookie = answer.headers["Set-Cookie"]
    assert TOKEN not in cookie
    assert cookie.startswith(f"hexviz-{PORT}=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert locked.get("/").status_code == 200
    assert locked.post("/event", json=NOTHING).status_code == 200


def test_the_token_leads_nowhere_else(locked: FlaskClient) -> None:
    for path in ("//evil.example/", "/\\evil.example", "/%2f%2fevil.example"):
        answer = locked.get(f"{path}?token={TOKEN}")
        assert "Location" not in answer.headers
    assert locked.get(f"/?token={TOKEN}&x=//evil.example").headers["Location"].startswith("/?x=")


@pytest.mark.parametrize("scheme", ["Bearer", "token", "bearer"])
def test_a_program_tells_the_token_in_a_header(locked: FlaskClient, scheme: str) -> None:
    told = {"Authorization": f"{scheme} {TOKEN}"}
    assert locked.post("/event", json=NOTHING, headers=told).status_code == 200
    assert locked.post("/event", json=NOTHING).status_code == 401


@pytest.mark.parametrize(
    "told",
    [
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": TOKEN},
        {"Authorization": "Bearer ünwrong"},
    ],
)
def test_a_wrong_header_does_not_open(locked: FlaskClient, told: dict[str, str]) -> None:
    assert locked.get("/_dash-layout", headers=told).status_code == 401


@pytest.mark.parametrize(
    ("port", "value", "status"),
    [
        (PORT, Token(TOKEN, PORT).cookie, 200),
        (PORT, TOKEN, 401),
        (9, Token(TOKEN, PORT).cookie, 401),
        (PORT, Token(TOKEN, 9).cookie, 401),
        (PORT, Token(TOKEN + "x", PORT).cookie, 401),
        (PORT, "", 401),
    ],
)
def test_only_the_cookie_of_this_server_opens_it(
    locked: FlaskClient, port: int, value: str, status: int
) -> None:
    locked.set_cookie(f"hexviz-{port}", value)
    assert locked.get("/_dash-layout").status_code == status


def test_a_header_for_a_proxy_does_not_stand_in_the_cookies_way(locked: FlaskClient) -> None:
    locked.get(f"/?token={TOKEN}")
    assert locked.get("/", headers={"Authorization": "Basic YTpi"}).status_code == 200
    assert locked.get("/", headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_a_server_that_starts_again_with_its_token_knows_its_cookies() -> None:
    assert Token(TOKEN, PORT).cookie == Token(TOKEN, PORT).cookie


def test_who_follows_a_link_without_the_token_is_asked_for_it(locked: FlaskClient) -> None:
    answer = locked.get('/?model="><script>&op=x')
    assert answer.status_code == 401
    assert answer.mimetype == "text/html"
    assert '<input type="hidden" name="op" value="x">' in answer.text
    assert "<script>" not in answer.text
    assert 'http-equiv="refresh"' not in answer.text
    wrong = locked.get("/?op=x&token=wrong")
    assert (wrong.status_code, "not this server" in wrong.text) == (401, True)
    assert 'value="wrong"' not in wrong.text


def test_a_link_from_another_site_is_asked_for_once_more(locked: FlaskClient) -> None:
    """A browser holds a strict cookie back there, and sends it when our page sends it on."""
    told = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert 'http-equiv="refresh"' in locked.get("/", headers=told).text
    assert 'http-equiv="refresh"' not in locked.get("/?token=wrong", headers=told).text


FOLLOWED = {
    "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document",
}  # fmt: skip


@pytest.mark.parametrize("inside", ["iframe", "frame", "embed", "object", "fencedframe"])
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_cannot_load_the_page_inside_its_own(
    locked: FlaskClient, site: str, inside: str
) -> None:
    told = FOLLOWED | {"Sec-Fetch-Site": site, "Sec-Fetch-Dest": inside}
    seen = [locked.get(f"/?token=wrong{n}", headers=told).status_code for n in range(12)]
    assert seen == [403] * 12
    assert locked.get(f"/?token={TOKEN}").status_code == 303


def test_another_sites_links_use_up_no_guesses(locked: FlaskClient) -> None:
    for path in ("/", "/_dash-layout"):
        for n in range(12):
            answer = locked.get(f"{path}?token=wrong{n}", headers=FOLLOWED)
            assert answer.status_code == 401
    assert locked.get(f"/?token={TOKEN}").status_code == 303


def test_another_sites_link_does_not_tell_right_from_wrong(locked: FlaskClient) -> None:
    """The token stands in the form, for a person to send on from our own page."""
    right = locked.get(f"/?op=x&token={TOKEN}", headers=FOLLOWED)
    wrong = locked.get('/?op=x&token="><script>', headers=FOLLOWED)
    assert f'value="{TOKEN}"' in right.text
    assert "<script>" not in wrong.text
    assert right.text.replace(TOKEN, "") == wrong.text.replace("&quot;&gt;&lt;script&gt;", "")
    assert (right.status_code, wrong.status_code) == (401, 401)
    assert "Set-Cookie" not in right.headers
    assert "not this server" not in wrong.text


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_a_link_in_another_program_and_our_own_form_open(locked: FlaskClient, site: str) -> None:
    told = FOLLOWED | {"Sec-Fetch-Site": site}
    assert locked.get(f"/?token={TOKEN}", headers=told).status_code == 303


@pytest.mark.parametrize(
    "other", ['prefs={"a":1}', "a[b]=c", "lone", 'open="', "x=\xff\xfe", "=", 'q="y;z"']
)
def test_cookies_of_other_servers_do_not_hide_ours(locked: FlaskClient, other: str) -> None:
    key = Token(TOKEN, PORT)
    told = f"{other}; {key.cookie_name}={key.cookie}"
    asking = locked.application.test_client(use_cookies=False)
    assert asking.get("/_dash-layout", headers={"Cookie": told}).status_code == 200
    guard = Guard(Access(token=key))
    assert guard.most("127.0.0.1", UPLOADING, {"COOKIE": told}, 1 << 20) == MAX_BODY


def test_guesses_are_limited_and_do_not_lock_others_out(locked: FlaskClient) -> None:
    seen = [locked.get(f"/?token=guess{n}").status_code for n in range(12)]
    assert seen == [401] * 10 + [429] * 2
    right = locked.get(f"/?token={TOKEN}")
    assert right.status_code == 429  # else a guess would tell whether it is right
    assert right.headers["Retry-After"]
    elsewhere = {"REMOTE_ADDR": "192.0.2.9"}
    assert locked.get(f"/?token={TOKEN}", environ_base=elsewhere).status_code == 303


def test_guessed_cookies_are_limited_too(locked: FlaskClient) -> None:
    locked.set_cookie(f"hexviz-{PORT}", "0" * 64)
    seen = [locked.get("/_dash-layout").status_code for _ in range(300)]
    assert seen[:120] == [401] * 120  # a page from before has forty files
    assert 429 in seen


def test_on_loopback_without_a_token_links_simply_work(open_client: FlaskClient) -> None:
    assert open_client.get(f"/?model={KEY}").status_code == 200


@pytest.mark.parametrize(
    ("told", "line"),
    [("short", "5 characters and needs 16"), ("x" * 20 + "&y", "ASCII letters"),
     ("ü" * 20, "ASCII letters")],
)  # fmt: skip
def test_a_token_that_serves_badly_is_a_clear_line(told: str, line: str) -> None:
    with pytest.raises(ServeError, match=line):
        chosen_token(told)


# Allowances


def test_an_allowance_is_used_up_and_grows_again() -> None:
    now = 0.0
    allowance = Allowance(2, 0.5, clock=lambda: now)
    assert [allowance.take("a") for _ in range(3)] == [0, 0, 2]
    assert allowance.take("b") == 0
    now = 2.0
    assert allowance.take("a") == 0
    assert not allowance.left("a")
    assert allowance.take("c", 99) == 0  # what never fits takes all there is
    assert allowance.take("c") == 2


def test_an_allowance_remembers_a_bounded_number_of_clients() -> None:
    allowance = Allowance(1, 0.001)
    for n in range(5000):
        allowance.take(str(n))
    assert len(allowance._left) == 4096


def test_addresses_of_one_household_count_as_one() -> None:
    assert client("2001:db8::1") == client("2001:db8::ffff:1") != client("2001:db8:1::1")
    assert client("192.0.2.1") != client("192.0.2.2")
    assert client(None) == ""


def test_the_default_is_this_machine() -> None:
    assert Hosts().knows("localhost")
    assert Access().token is None
