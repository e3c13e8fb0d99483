"""A headless Chromium, driven over its own pipe (Chrome DevTools Protocol)."""

import base64
import contextlib
import itertools
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

FLAGS = (
    "--headless=new",
    "--no-sandbox",  # root has none
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--remote-debugging-pipe",
)


def program():
    """Returns the path of Chromium, or None."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


@contextlib.contextmanager
def started():
    """Yields a browser, which is ended afterwards."""
    ours, theirs = os.pipe(), os.pipe()  # what it reads, what it writes
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        # It takes its commands from descriptor 3, and answers on 4.
        shell = f'exec "$0" "$@" 3<&{ours[0]} 4>&{theirs[1]}'
        command = [program(), *FLAGS, f"--user-data-dir={home}", "about:blank"]
        process = subprocess.Popen(
            ["bash", "-c", shell, *command],
            pass_fds=(ours[0], theirs[1]),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(ours[0])
        os.close(theirs[1])
        try:
            yield Browser(ours[1], theirs[0])
        finally:
            process.kill()
            process.wait()
            os.close(ours[1])
            os.close(theirs[0])


class Browser:
    def __init__(self, commands, answers):
        self._commands, self._answers = commands, answers
        self._ids, self._held, self.events = itertools.count(1), b"", []

    def send(self, method, session=None, **params):
        """Gives a command, and returns what came of it."""
        sent = {"id": next(self._ids), "method": method, "params": params}
        if session:
            sent["sessionId"] = session
        os.write(self._commands, json.dumps(sent).encode() + b"\0")
        while True:
            message = self._receive()
            if message.get("id") == sent["id"]:
                assert "error" not in message, message
                return message["result"]
            self.events.append(message)

    def _receive(self, seconds=60):
        deadline = time.monotonic() + seconds
        while b"\0" not in self._held:
            left = deadline - time.monotonic()
            if not select.select([self._answers], [], [], max(0, left))[0]:
                raise TimeoutError("the browser does not answer")
            self._held += os.read(self._answers, 1 << 16)
        message, _, self._held = self._held.partition(b"\0")
        return json.loads(message)

    def page(self, url, width=1400, height=900, dark=False):
        """Opens a page, and returns it."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        session = self.send(
            "Target.attachToTarget", targetId=target, flatten=True
        )["sessionId"]
        page = Page(self, session)
        for domain in ("Network", "Page", "Runtime"):
            page.send(f"{domain}.enable")
        scheme = {"name": "prefers-color-scheme"}
        scheme["value"] = "dark" if dark else "light"
        page.send("Emulation.setEmulatedMedia", features=[scheme])
        page.resize(width, height)
        page.send("Page.navigate", url=url)
        return page


class Page:
    def __init__(self, browser, session):
        self._browser, self._session = browser, session

    def send(self, method, **params):
        return self._browser.send(method, self._session, **params)

    def resize(self, width, height=900):
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def evaluate(self, expression):
        """Returns what a JavaScript expression, or its promise, gives."""
        found = self.send(
            "Runtime.evaluate",
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def state(self, seconds=120):
        """Waits until the page is done, and returns (state, status)."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = self.evaluate("document.body?.dataset.state")
            if found:
                status = "document.getElementById('status').textContent"
                return found, self.evaluate(status)
            time.sleep(0.1)
        raise TimeoutError("the page is not done")

    def requests(self):
        """Returns the addresses that were asked for so far."""
        self.evaluate("0")
        return [
            event["params"]["request"]["url"]
            for event in self._browser.events
            if event["method"] == "Network.requestWillBeSent"
            and event["sessionId"] == self._session
        ]

    def downloaded(self, selector, folder, seconds=20):
        """Clicks, and returns the one file that is then in the folder."""
        self._browser.send(
            "Browser.setDownloadBehavior",
            behavior="allow",
            downloadPath=str(folder),
        )
        self.evaluate(f"document.querySelector({selector!r}).click()")
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            files = [*folder.iterdir()]
            if len(files) == 1 and files[0].suffix == ".json":
                return files[0]
            time.sleep(0.1)
        raise TimeoutError("nothing was saved")

    def screenshot(self, path):
        shot = self.send("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))
