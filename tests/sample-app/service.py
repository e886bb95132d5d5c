#!/usr/bin/python3
"""`watch --service` as systemd runs it: READY when push is on, no address or subject in what it writes, a quiet end; and the unit."""
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from programs import ROOT, Exchange, Handset, Suite  # noqa: E402

ALICE = "alice@example.test"


def told(manager, timeout):
    manager.settimeout(timeout)
    try:
        return manager.recv(4096).decode()
    except TimeoutError:
        return None


def watched(s):
    x = Exchange(s, "--mails", 5)
    h = Handset(s)
    s.equal("account add", h.add(x).status, 0)
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    name = s.path("notify")
    manager.bind(name)
    p = h.start("watch", "--service", environment={"NOTIFY_SOCKET": name})
    s.equal("READY when push is on", told(manager, 60), "READY=1")
    x.command("deliver %s Confidential matter" % ALICE)
    lines = []
    end = time.monotonic() + 30
    while time.monotonic() < end and "item 6 of" not in "".join(lines):
        try:
            line = p.lines.next(end - time.monotonic())[1]
        except TimeoutError:
            break
        if line is None:
            break
        lines.append(line)
    s.check("a new mail is a line with numbers", any(line.startswith("added   item 6 of folder") for line in lines), lines)
    p.send_signal(signal.SIGTERM)
    s.check("SIGTERM ends it cleanly", p.wait(timeout=30) in (0, -signal.SIGTERM), p.returncode)
    s.equal("STOPPING at its end", told(manager, 5), "STOPPING=1")
    p = h.start("watch", "--service", environment={"NOTIFY_SOCKET": name})
    s.equal("READY again", told(manager, 60), "READY=1")
    x.command("wipe " + ALICE)
    s.equal("a wipe ends it with 7: not to be started again", p.wait(timeout=60), 7)
    said = "\n".join(lines) + p.stderr.read()
    while True:
        line = p.lines.next(10)[1]
        if line is None:
            break
        said += line + "\n"
    for secret in (ALICE, "alice", "Confidential", "@", "127.0.0.1"):
        s.check("no %s in what it writes" % secret, secret not in said, said)


def unit(s):
    build = s.path("install")
    out = subprocess.run(["cmake", "--install", os.environ.get("HANDSYNC_BUILD", os.path.dirname(os.path.dirname(
        os.environ.get("HANDSYNC_BIN", ROOT + "/build/dev/bin") + "/"))), "--prefix", build, "--component", "handset"], capture_output=True, text=True)
    s.check("cmake --install", out.returncode == 0, out.stdout + out.stderr)
    service = os.path.join(build, "lib", "systemd", "system", "handset-watch.service")
    s.check("the program and the unit are installed", os.access(os.path.join(build, "bin", "handset"), os.X_OK) and os.path.exists(service), out.stdout)
    with open(service, encoding="utf-8") as f:
        text = f.read()
    s.check("the unit starts what was installed", "@" not in text.split("ExecStart=")[1].split("\n")[0] and "Type=notify" in text, text)
    if shutil.which("systemd-analyze"):
        out = subprocess.run(["systemd-analyze", "verify", "--man=no", service], capture_output=True, text=True)
        ours = [line for line in (out.stdout + out.stderr).splitlines() if "handset-watch" in line and "is not executable" not in line]
        s.check("systemd-analyze verify has nothing to say", not ours, "\n".join(ours))
        out = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=20", service], capture_output=True, text=True)
        s.check("systemd-analyze security: exposure at most 2.0", out.returncode == 0, (out.stdout + out.stderr)[-600:])


with Suite("service") as suite:
    unit(suite)
    watched(suite)
