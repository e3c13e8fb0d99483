"""Serving: the page of a bundle to browsers, and what they hand back.

Whoever knows the address, which has a token in it, may read the files that the
manifest lists, and hand in results of this very bundle. Nothing else, and
nothing that comes in is ever run.
"""

import hashlib
import hmac
import http.server
import json
import os
import secrets
import socket
import sys
import threading
import urllib.parse
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from advkeras import files
from advkeras.edge.runtimes import device
from advkeras.edge.standalone import run_on_device

LOOPBACK = "127.0.0.1"
_INDEX, _RESULTS = "index.html", "results"
_LARGEST = 64 << 20  # bytes of results, besides those of the manifest twice
_DIGITS = 12  # of the length of results
_MOST = 1000  # results that are kept
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".py": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
}
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "frame-ancestors 'none'",
    # No other start of a server has this address.
    "Cache-Control": "private, max-age=3600",
    "X-Takes-Results": "1",
}


class NoResultsError(ValueError):
    """What was handed in is no results of the bundle."""


class Server(http.server.ThreadingHTTPServer):
    """Serves a bundle whose page runs its models; see `Bundle`.

    Args:
        bundle: The folder.
        output: Where results are kept; made with the first.
        host: Address to listen at; "0.0.0.0" for those of every network.
        port: Port to listen at; 0 for any that is free.
        say: Called with a line whenever results come in.

    Attributes:
        address: What a browser is to open.

    Raises:
        ValueError: It is no bundle with a page, or the address is not free.
    """

    daemon_threads = True

    def __init__(
        self,
        bundle: str | os.PathLike,
        output: str | os.PathLike,
        host: str = LOOPBACK,
        port: int = 0,
        say: Callable[[str], None] = print,
    ):
        parts = (run_on_device.MANIFEST, _INDEX)
        if not all((Path(bundle) / part).is_file() for part in parts):
            raise ValueError(
                "`bundle` must be a folder as advkeras edge_bundle --page "
                f"writes it, with {' and '.join(parts)}. "
                f"Received: bundle={os.fspath(bundle)!r}"
            )
        self.manifest = device.read_manifest(bundle)
        self.token = secrets.token_urlsafe(16)
        self.say = say
        self.folder, self.output = Path(bundle), Path(output)
        self.taking = threading.Lock()
        try:
            super().__init__((host, port), _Handler)
        except (OSError, OverflowError) as error:
            raise ValueError(
                "`host` and `port` must be free on this machine. "
                f"Received: host={host!r}, port={port!r} ({error})"
            ) from error
        name = _own_address() if host in ("", "0.0.0.0") else host
        self.address = f"http://{name}:{self.server_port}/{self.token}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of a browser that went away."""
        if not isinstance(sys.exception(), (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)

    def file_of(self, path: str) -> Path | None:
        """Returns the file that an address stands for; None if none may be.

        Args:
            path: What a browser asks for, with the token.
        """
        name = self.name_of(path)
        if name is None:
            return None
        name = name or _INDEX
        listed = {run_on_device.MANIFEST, *self.manifest["files"]}
        return self.folder / name if name in listed else None

    def name_of(self, path: str) -> str | None:
        """Returns what follows the token of an address; None without it."""
        try:
            path = urllib.parse.unquote(urllib.parse.urlsplit(path).path)
            _, token, *rest = path.split("/", 2)
        except ValueError:  # no address, or none with a slash
            return None
        same = hmac.compare_digest(token.encode(), self.token.encode())
        return rest[0] if same and rest else None

    def take(self, content: bytes) -> Path:
        """Keeps results, and returns where.

        Raises:
            NoResultsError: They are none of this bundle.
            ValueError: There are too many, or the folder cannot be written.
        """
        digest = hashlib.sha256(content).hexdigest()
        path = self.output / f"browser-{digest[:8]}.json"
        with self.taking, files.writing("output", self.output):
            if path.exists():
                return path  # handed in again
            self.output.mkdir(parents=True, exist_ok=True)
            if len([*self.output.glob("browser-*.json")]) >= _MOST:
                raise ValueError(f"no more than {_MOST} results are kept")
            with files.replacing(path) as temporary:
                temporary.write_bytes(content)
                try:
                    found = device.read_results(temporary)
                except ValueError as error:
                    raise NoResultsError(str(error)) from error
                if found["manifest"] != self.manifest:
                    raise NoResultsError("these results are of another bundle")
        return path


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "advkeras", ""
    timeout = 60  # seconds that a browser may be silent

    def do_GET(self) -> None:
        """Sends a file of the bundle."""
        path = self.server.file_of(self.path)
        try:
            content = None if path is None else path.read_bytes()
        except OSError:  # it is there no longer
            content = None
        if path is None or content is None:
            self._answer(HTTPStatus.NOT_FOUND, "nothing is here")
            return
        kind = _TYPES.get(path.suffix, "application/octet-stream")
        self._answer(HTTPStatus.OK, content, kind)

    do_HEAD = do_GET  # noqa: N815  # the base class calls it so

    def do_POST(self) -> None:
        """Takes results."""
        self.close_connection = True  # what was not read must not be next
        length = self.headers.get("Content-Length", "")
        if self.server.name_of(self.path) != _RESULTS:
            self._answer(HTTPStatus.NOT_FOUND, "nothing is here")
        elif not length.isascii() or not length.isdigit():
            self._answer(HTTPStatus.LENGTH_REQUIRED, "how long is it?")
        elif len(length) > _DIGITS or int(length) > self._largest():
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "it is too large")
        else:
            self._take(self.rfile.read(int(length)))

    def _largest(self) -> int:
        return _LARGEST + 2 * len(json.dumps(self.server.manifest))

    def _take(self, content: bytes) -> None:
        try:
            path = self.server.take(content)
        except ValueError as error:
            self.server.say(f"From {self.client_address[0]}: {error}")
            if isinstance(error, NoResultsError):
                said = "These are no results of this bundle."
                self._answer(HTTPStatus.BAD_REQUEST, said)
            else:
                said = "They cannot be kept where this page came from."
                self._answer(HTTPStatus.INSUFFICIENT_STORAGE, said)
            return
        self.server.say(f"From {self.client_address[0]}: {path}")
        self._answer(HTTPStatus.OK, f"Handed in as {path.name}.")

    def _answer(
        self,
        status: HTTPStatus,
        content: bytes | str,
        kind: str = "text/plain; charset=utf-8",
    ) -> None:
        body = content.encode() if isinstance(content, str) else content
        self.send_response(status)
        headers = _HEADERS | {"Content-Type": kind}
        if status != HTTPStatus.OK or self.command == "POST":
            headers["Cache-Control"] = "no-store"
        headers["Content-Length"] = str(len(body))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Says nothing: a line would hold the token."""


def _own_address() -> str:
    """Returns the address of this machine in its network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()
