"""Drives the built programs for a test script: an exchange, handsets in homes of their own, and the wire referee at the end."""
import json
import os
import queue
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
LONG = bool(os.environ.get("HANDSYNC_LONG"))
PIN, PASSWORD = "2580", "correct horse"


def program(name):
    folders = [os.environ.get("HANDSYNC_BIN"), ROOT + "/build/dev/bin", ROOT + "/build/release/bin"]
    for folder in folders:
        if folder and os.access(os.path.join(folder, name), os.X_OK):
            return os.path.join(folder, name)
    print("skip %s is not built" % name)
    sys.exit(77)


class Lines:
    """Lines of a stream as they come, with a time-out."""

    def __init__(self, stream):
        self.waiting = queue.Queue()
        threading.Thread(target=self.read, args=(stream,), daemon=True).start()

    def read(self, stream):
        for line in stream:
            self.waiting.put((time.monotonic(), line.rstrip("\n")))
        self.waiting.put((time.monotonic(), None))

    def next(self, timeout):
        """(when, line); line is None at the end of the stream. Raises TimeoutError."""
        try:
            return self.waiting.get(timeout=max(timeout, 0))
        except queue.Empty:
            raise TimeoutError("nothing for %g s" % timeout) from None


class Suite:
    """Counts and prints; use as a context: at its end everything is stopped and the captured requests are judged."""

    def __init__(self, name):
        self.name, self.failed, self.folder = name, 0, tempfile.mkdtemp(prefix="handsync-%s-" % name)
        self.running, self.wire_logs = [], []

    def __enter__(self):
        return self

    def path(self, name, text=None):
        full = os.path.join(self.folder, name)
        if text is not None:
            with open(full, "w", encoding="utf-8") as f:
                f.write(text)
        return full

    def check(self, name, good, why=""):
        """Prints one result; returns it."""
        if good:
            print("ok %s" % name, flush=True)
        else:
            self.failed += 1
            print("FAIL %s: %s" % (name, str(why)[:2000].replace("\n", " | ")), flush=True)
        return bool(good)

    def equal(self, name, have, want):
        return self.check(name, have == want, "have %r, want %r" % (have, want))

    def __exit__(self, kind, value, _):
        for p in self.running:
            if p.poll() is None:
                p.kill()
                p.wait()
        if kind is not None and not issubclass(kind, SystemExit):
            import traceback
            traceback.print_exc()
            self.check(self.name, False, "%s: %s" % (kind.__name__, value))
        logs = [f for f in self.wire_logs if os.path.exists(f)]
        if logs:
            out = subprocess.run([ROOT + "/tests/conformance/wire/referee"] + logs, capture_output=True, text=True, timeout=300)
            self.check("%s: every request passes the wire referee (%s)" % (self.name, out.stdout.strip().split("\n")[-1]),
                       out.returncode == 0, out.stdout + out.stderr)
        elif self.wire_logs:
            self.check("%s: requests were captured" % self.name, False, "no HANDSYNC_WIRE_LOG was written")
        if self.failed and os.environ.get("HANDSYNC_KEEP"):
            print("kept: %s" % self.folder)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        sys.exit(1 if self.failed else 0)


class Exchange:
    """The embedded server as a process; commands on its standard input."""

    def __init__(self, suite, *arguments, users=("alice@example.test",)):
        self.users = users
        words = [program("exchange"), "--listen", "127.0.0.1:0"]
        for u in users:
            words += ["--user", "%s:%s" % (u, PASSWORD)]
        self.errors = open(suite.path("exchange-%d.err" % len(suite.running)), "w+", encoding="utf-8")
        self.process = subprocess.Popen(words + [str(a) for a in arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors, text=True, bufsize=1)
        suite.running.append(self.process)
        self.lines = Lines(self.process.stdout)
        line = self.lines.next(60)[1]
        if line is None:
            self.errors.seek(0)
            raise RuntimeError("exchange did not start: %s" % self.errors.read())
        self.ready = json.loads(line)
        self.url, self.ca = self.ready["url"], self.ready["ca"]
        self.port = int(self.url.split("//")[1].split("/")[0].rsplit(":", 1)[1])

    def command(self, line, timeout=60):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.lines.next(timeout)[1]
        if answer is None:
            raise RuntimeError("exchange ended at %r" % line)
        return json.loads(answer)

    def quit(self):
        self.process.stdin.close()
        return self.process.wait(timeout=30)


class Result:
    def __init__(self, status, out, err):
        self.status, self.raw = status, out
        self.out, self.err = out.decode("utf-8", "replace"), err.decode("utf-8", "replace")

    @property
    def objects(self):
        return [json.loads(line) for line in self.out.splitlines() if line.strip()]

    def __repr__(self):
        return "status %s, err %r, out %r" % (self.status, self.err[-600:], self.out[-600:])


class Handset:
    """One home."""

    def __init__(self, suite, name="phone"):
        self.suite, self.home, self.wire = suite, suite.path(name), suite.path(name + ".wire.jsonl")
        self.options = []
        suite.wire_logs.append(self.wire)
        self.password = suite.path(name + ".password", PASSWORD)
        self.pin = suite.path(name + ".pin", PIN)

    def words(self, arguments):
        # A handset of another machine runs through what HANDSYNC_HANDSET says ("qemu-arm -L ... PATH").
        handset = shlex.split(os.environ.get("HANDSYNC_HANDSET", "")) or [program("handset")]
        return handset + ["--home", self.home] + self.options + [str(a) for a in arguments]

    def environment(self, extra=None):
        return dict(os.environ, HANDSYNC_WIRE_LOG=self.wire, **(extra or {}))

    def run(self, *arguments, timeout=120, stdin=None, environment=None):
        try:
            p = subprocess.run(self.words(arguments), capture_output=True, timeout=timeout, env=self.environment(environment),
                               input=stdin.encode() if stdin is not None else b"")
        except subprocess.TimeoutExpired as e:
            return Result("none after %d s" % timeout, e.stdout or b"", e.stderr or b"")
        return Result(p.returncode, p.stdout, p.stderr)

    def start(self, *arguments, environment=None):
        p = subprocess.Popen(self.words(arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             bufsize=1, env=self.environment(environment), errors="replace")
        self.suite.running.append(p)
        p.lines = Lines(p.stdout)
        return p

    def add(self, exchange, *more, email="alice@example.test", server=True, timeout=120):
        where = ["--server", exchange.url] if server else []
        return self.run("account", "add", email, *where, "--ca", exchange.ca, "--password-file", self.password, "--accept-policy",
                        "--pin-file", self.pin, *more, timeout=timeout)

    def requests(self):
        """How many requests have been captured so far."""
        try:
            with open(self.wire, encoding="utf-8") as f:
                return sum(1 for _ in f)
        except FileNotFoundError:
            return 0


def interrupt(p, timeout=15):
    """Ctrl-C; returns the exit status."""
    p.send_signal(signal.SIGINT)
    try:
        return p.wait(timeout=timeout)
    except subprocess.TimeoutExpired:
        p.kill()
        p.wait()
        return "none after %d s" % timeout
