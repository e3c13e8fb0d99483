"""The server of a bundle's page: what it shows, takes, and does not."""

import http.client
import json
import shutil
import threading
import urllib.parse

import pytest

from advkeras.edge.serving import Server
from tests.edge import bundles


@pytest.fixture(scope="module")
def made(tmp_path_factory, classifiers, variants):
    """A bundle with what stands for a page; not to be changed."""
    folder = tmp_path_factory.mktemp("served") / "bundle"
    files = {"float32": variants["float32"]}
    return bundles.make_served(folder, classifiers["deep"], files)


@pytest.fixture
def served(made, tmp_path):
    """A running server, which keeps its results in tmp_path / "taken"."""
    said = []
    server = Server(made, tmp_path / "taken", say=said.append)
    server.said = said
    serve = threading.Thread(target=server.serve_forever, args=(0.01,))
    serve.start()
    with server:
        yield server
        server.shutdown()


def ask(server, path, method="GET", body=None, headers=()):
    """Asks for a path as it is, without any tidying."""
    connection = http.client.HTTPConnection(*server.server_address, timeout=30)
    connection.putrequest(method, path, skip_accept_encoding=True)
    if body is not None and "Content-Length" not in dict(headers):
        connection.putheader("Content-Length", str(len(body)))
    for name, value in headers:
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer, content


def within(server, name=""):
    return f"/{server.token}/{name}"


def results_of(made):
    manifest = json.loads((made / "manifest.json").read_text())
    return json.dumps(bundles.signed(bundles.answers(manifest))).encode()


def test_the_address_leads_to_the_page(served):
    parts = urllib.parse.urlsplit(served.address)
    assert parts.hostname == "127.0.0.1" and len(served.token) >= 20
    answer, content = ask(served, parts.path)
    assert answer.status == 200 and content == b"a page"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Takes-Results"]
    head, nothing = ask(served, parts.path, "HEAD")
    assert head.status == 200 and nothing == b""


def test_every_file_of_the_manifest_and_no_other(served, made):
    listed = json.loads((made / "manifest.json").read_text())["files"]
    for name in [*listed, "manifest.json"]:
        answer, content = ask(served, within(served, name))
        assert answer.status == 200, name
        assert content == (made / name).read_bytes()
    (made / "device_results.json").write_text("mine")
    (made.parent / "beside").write_text("mine")
    for name in (
        "device_results.json",
        "../beside",
        "%2e%2e/beside",
        "images",
        "images/",
        "images/../manifest.json",
        "./manifest.json",
        "/etc/passwd",
        "manifest.json%00",
        "results",
    ):
        answer, content = ask(served, within(served, name))
        assert answer.status == 404 and b"mine" not in content, name
    (made / "device_results.json").unlink()


def test_a_file_that_went_is_not_there(served, made):
    name = next(iter(served.manifest["files"]))
    (made / name).rename(made / "gone")
    try:
        assert ask(served, within(served, name))[0].status == 404
    finally:
        (made / "gone").rename(made / name)


def test_without_the_token_there_is_nothing(served, made):
    for path in (
        "*",
        "//[",
        "/",
        "/index.html",
        "//index.html",
        f"/{served.token}",
        f"/{served.token[:-1]}/",
        f"/{served.token}x/",
        "/%ff/",
        "/%c3%a9/",
    ):
        assert ask(served, path)[0].status == 404, path
    body = results_of(made)
    assert ask(served, "/x/results", "POST", body)[0].status == 404
    assert not served.output.exists()
    assert Server(made, served.output, say=print).token != served.token


def test_results_are_taken_once(served, made):
    body = results_of(made)
    for _ in range(2):
        answer, said = ask(served, within(served, "results"), "POST", body)
        assert answer.status == 200 and said.startswith(b"Handed in as ")
    (kept,) = served.output.iterdir()
    assert kept.read_bytes() == body
    assert served.said == [f"From 127.0.0.1: {kept}"] * 2


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a["models"].clear(),
        lambda a: a.update(runtime=3),
        lambda a: a["manifest"].update(seed=7),
        lambda a: a["models"]["float32"].update(latencies=[-1]),
    ],
)
def test_other_results_are_refused(served, made, change):
    values = json.loads(results_of(made))
    change(values)
    body = json.dumps(bundles.signed(values)).encode()
    answer, said = ask(served, within(served, "results"), "POST", body)
    assert answer.status == 400 and b"no results of this bundle" in said
    assert not any(served.output.iterdir())


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"null", b"\xff", b"[" * 100_000, b'{"format": 1}']
)
def test_what_is_no_results_is_refused(served, body):
    answer, _ = ask(served, within(served, "results"), "POST", body)
    assert answer.status == 400
    assert not any(served.output.iterdir())
    assert "\n" not in served.said[0]


@pytest.mark.parametrize(
    ("length", "status"),
    [
        ("", 411),
        ("-1", 411),
        ("x", 411),
        ("²", 411),
        (str(1 << 40), 413),
        ("9" * 5000, 413),
    ],
)
def test_lengths_that_are_none(served, length, status):
    headers = [("Content-Length", length.encode("latin-1"))]
    path = within(served, "results")
    assert ask(served, path, "POST", b"", headers)[0].status == status


def test_it_posts_nowhere_else(served, made):
    for name in ("", "index.html", "manifest.json", "results/", "Results"):
        path = within(served, name)
        assert ask(served, path, "POST", results_of(made))[0].status == 404


def test_no_more_than_so_many_are_kept(served, made, monkeypatch):
    monkeypatch.setattr("advkeras.edge.serving._MOST", 0)
    path = within(served, "results")
    assert ask(served, path, "POST", results_of(made))[0].status == 507


def test_what_cannot_be_served(made, tmp_path, classifiers, variants):
    with pytest.raises(ValueError, match=r"`bundle` .*with manifest\.json"):
        Server(tmp_path, tmp_path / "taken")
    plain = bundles.make(
        tmp_path / "plain", classifiers["deep"], {"int8": variants["int8"]}
    )
    with pytest.raises(ValueError, match="--page"):
        Server(plain, tmp_path / "taken")
    damaged = shutil.copytree(made, tmp_path / "damaged")
    (damaged / "float32.tflite").write_bytes(b"another")
    with pytest.raises(ValueError, match=r"float32\.tflite differs"):
        Server(damaged, tmp_path / "taken")
    for wrong in ({"host": "192.0.2.1"}, {"port": 70_000}, {"port": -1}):
        with pytest.raises(ValueError, match="free on this machine"):
            Server(made, tmp_path / "taken", **wrong)
