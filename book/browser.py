"""A headless Chromium that is told what to do over two pipes (the DevTools protocol)."""

import base64
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from select import select

NAMES = "chromium", "chromium-browser", "google-chrome"
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
FLAGS = ("--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
         "--disable-background-networking --disable-component-update --disable-sync "
         "--allow-file-access-from-files --remote-debugging-pipe").split()
# scripts of the page, its formulas among them, are done
READY = """new Promise(done => {
  const typeset = () => (window.MathJax?.startup?.promise ?? Promise.resolve()).then(
      () => setTimeout(() => done(true), 50));
  document.readyState == "complete" ? typeset() : window.addEventListener("load", typeset);
})"""

# colours that fade in would be measured half-way
STILL = """document.head.append(Object.assign(document.createElement("style"),
    {textContent: "* { transition: none !important; animation: none !important; }"})), 0"""


def moved(end):
    """The same pipe under a number that the child's 3 and 4 do not take."""
    high = fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(end)
    return high


class Browser:
    """One browser with one page; to be used in a `with`."""

    def __enter__(self):
        if CHROMIUM is None:
            sys.exit("Chromium is not installed; on Debian: apt-get install chromium")
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        (theirs, self.to), (self.back, answers) = (map(moved, os.pipe()) for _ in range(2))

        def connect():
            os.dup2(theirs, 3)
            os.dup2(answers, 4)

        self.process = subprocess.Popen(
            [CHROMIUM, *FLAGS, f"--user-data-dir={self.profile.name}", "about:blank"],
            preexec_fn=connect, pass_fds=(3, 4), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(theirs)
        os.close(answers)
        self.rest, self.count, self.session = b"", 0, None
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.send("Target.attachToTarget", targetId=target,
                                 flatten=True)["sessionId"]
        self.send("Page.enable")
        return self

    def __exit__(self, *_):
        os.killpg(self.process.pid, signal.SIGKILL)  # its helpers too
        self.process.wait()
        os.close(self.to)
        os.close(self.back)
        for _ in range(20):  # they may be writing still
            shutil.rmtree(self.profile.name, ignore_errors=True)
            if not os.path.exists(self.profile.name):
                break
            time.sleep(0.1)
        self.profile.cleanup()

    def receive(self, seconds):
        """The next message."""
        while b"\0" not in self.rest:
            if not select([self.back], [], [], seconds)[0]:
                raise TimeoutError(f"the browser said nothing for {seconds} s")
            part = os.read(self.back, 1 << 20)
            if not part:
                raise ConnectionError("the browser ended")
            self.rest += part
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def send(self, method, seconds=120, **params):
        """Call a method of the protocol and wait for what it answers."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data):]
        while (answer := self.receive(seconds)).get("id") != self.count:
            pass
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def run(self, code):
        """The value of a JavaScript expression in the page."""
        answer = self.send("Runtime.evaluate", expression=code, awaitPromise=True,
                           returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    def open(self, page):
        """Load a page of the disk, and wait until its formulas are typeset."""
        answer = self.send("Page.navigate", url=page.resolve().as_uri())
        if "errorText" in answer:
            raise RuntimeError(f"{page}: {answer['errorText']}")
        self.run(READY)
        self.run(STILL)

    def look(self, width, theme="light", media="screen"):
        """Show the page in a window of that width, light or dark, or as on paper."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=1000,
                  deviceScaleFactor=1, mobile=False)
        self.send("Emulation.setEmulatedMedia", media=media,
                  features=[{"name": "prefers-color-scheme", "value": theme}])
        self.run(f"""document.documentElement.dataset.theme = "{theme}";
                     new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)))""")

    def screenshot(self, path, top=0, height=1000, width=1400):
        shot = self.send("Page.captureScreenshot", captureBeyondViewport=True, clip={
            "x": 0, "y": top, "width": width, "height": height, "scale": 1})
        path.write_bytes(base64.b64decode(shot["data"]))

    def pdf(self):
        """The page as it is printed on A4, as bytes."""
        self.send("Emulation.setEmulatedMedia", media="", features=[])
        answer = self.send("Page.printToPDF", paperWidth=8.27, paperHeight=11.69,
                           printBackground=False)
        return base64.b64decode(answer["data"])
