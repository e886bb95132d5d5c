#!/usr/bin/python3
"""Answers that are wrong, cut, empty, hostile: each ends in a named state, loses nothing and does not spin; then all is as it should be."""
import gzip
import hashlib
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from programs import LONG, Exchange, Handset, Suite  # noqa: E402
from tamper import Tamper  # noqa: E402

ALICE = "alice@example.test"
STATUS_ONE = bytes.fromhex("4e03310001")  # AirSync Status 1
LOGIN = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><form action='/owa'>Password</form></body></html>"


def for_command(name, action):
    def change(command, answer):
        if command == name and answer.status == 200:
            action(answer)
    return change


def replace(body, kind=None):
    def action(answer):
        answer.body = body
        if kind:
            answer.headers = [(k, v) for k, v in answer.headers if k.lower() != "content-type"] + [("Content-Type", kind)]
        if not body:
            answer.headers = [(k, v) for k, v in answer.headers if k.lower() != "content-type"]
    return action


def compressed(body):
    def action(answer):
        answer.body = body
        answer.headers = answer.headers + [("Content-Encoding", "gzip")]
    return action


def without_status(answer):
    answer.body = answer.body.replace(STATUS_ONE, b"", 1)


def unknown_page(answer):
    # Inside the first element: page 99, a tag with text, and back to page 0.
    answer.body = answer.body[:5] + bytes.fromhex("006345037800010000") + answer.body[5:] if len(answer.body) > 5 else answer.body


# Name -> change, exit statuses that `sync` may end with while it lasts. Never 1, never by a signal, never without an end.
FAULTS = {
    "unknown code page": (for_command("Sync", unknown_page), {0, 4, 6, 8}),
    "missing optional Status": (for_command("Sync", without_status), {0}),
    # With a command in the request an empty answer confirms nothing: it goes again later.
    "empty 200 for Sync": (for_command("Sync", replace(b"")), {0, 6}),
    "empty 200 for FolderSync": (for_command("FolderSync", replace(b"")), {0, 6}),
    "HTML login page for Sync": (for_command("Sync", replace(LOGIN, "text/html; charset=utf-8")), {4, 6}),
    "HTML login page with the right type": (for_command("Sync", replace(LOGIN)), {4, 6}),
    "garbage": (for_command("Sync", replace(bytes(range(256)) * 4)), {4, 6}),
    "gzip bomb": (for_command("Sync", compressed(gzip.compress(b"\x03\x01\x6a\x00\x45\x5c\x4f\x4b\x03" + b"7" * (128 << 20), 9))), {4, 6}),
    "gzip that ends early": (for_command("Sync", compressed(gzip.compress(bytes(range(256)) * 40)[:-20])), {4, 6}),
}


def server_set(x):
    folders = {}
    for i in x.command("contents " + ALICE)["items"]:
        if i["class"] == "Email":
            folders.setdefault(i["folder"], {})[i["server_id"]] = i["digest"]
    return max(folders.values(), key=len)


def settled(s, x, h, name):
    """Once the fault is over everything is as the server has it, and no edit is left or lost."""
    r = h.run("sync")
    s.equal("%s: afterwards sync ends with 0" % name, (r.status, r.err if r.status else ""), (0, ""))
    ids = [m["server_id"] for m in h.run("--json", "list", "Inbox").objects]
    want = server_set(x)
    s.check("%s: afterwards nothing is lost, nothing twice" % name, sorted(ids) == sorted(want), "%d here, %d there" % (len(ids), len(want)))
    s.equal("%s: afterwards the queue is empty" % name, h.run("--json", "queue").objects, [])


def one_fault(s, x, tamper, h, name, change, statuses):
    mail = next(m for m in h.run("--json", "list", "Inbox").objects if not m["read"])
    before = len(h.run("--json", "list", "Inbox").objects)
    x.command("deliver %s Came during: %s" % (ALICE, name))
    tamper.change = change
    marked = h.run("mark", mail["id"], "read")
    s.check("%s: mark is taken" % name, marked.status == 0, marked)
    asked, started = len(tamper.requests), time.monotonic()
    r = h.run("sync", timeout=120)
    took, asked = time.monotonic() - started, len(tamper.requests) - asked
    s.check("%s: sync ends in a named state" % name, r.status in statuses and
            (r.status == 0 or r.err.startswith("handset: ") and "; " in r.err.strip().splitlines()[-1]), r)
    s.check("%s: does not spin (%d requests in %.1f s)" % (name, asked, took), asked <= 24)
    now = h.run("--json", "list", "Inbox").objects
    s.check("%s: nothing is lost meanwhile" % name, len(now) >= before, "%d before, %d now" % (before, len(now)))
    s.check("%s: the edit still stands" % name, any(m["id"] == mail["id"] and m["read"] for m in now))
    tamper.change = None
    settled(s, x, h, name)
    there = [m["read"] for m in x.command("contents " + ALICE)["items"] if m["server_id"] == mail["server_id"]]
    s.equal("%s: the edit reached the server" % name, there, [True])


def nothing_new(s, x, tamper, h):
    """Without a command an empty answer to Sync says that there is nothing new."""
    tamper.change = for_command("Sync", replace(b""))
    s.equal("empty 200 for Sync and nothing to send: sync ends with 0", h.run("sync").status, 0)
    tamper.change = None
    settled(s, x, h, "empty 200 for Sync and nothing to send")


def large_body(s):
    x = Exchange(s, "--mails", 2, "--body-bytes", 1100000, "--seed", "3")
    h = Handset(s, "large")
    s.equal("1.1 MB body: account add", h.add(x, "--body-bytes", "all").status, 0)
    s.equal("1.1 MB body: sync", h.run("sync").status, 0)
    want = server_set(x)
    for m in h.run("--json", "list", "Inbox").objects:
        r = h.run("body", m["id"])
        s.check("1.1 MB body: whole", len(r.raw) > 1000000 and hashlib.sha256(r.raw).hexdigest() == want[m["server_id"]],
                "%d bytes" % len(r.raw))


def cuts(s, x, tamper, count):
    """A first sync whose answers break off: one cut per phone, at a sampled byte, of the second or a later answer to Sync."""
    r = random.Random(5)
    want = server_set(x)
    for n in range(count):
        h = Handset(s, "cut%d" % n)
        s.wire_logs.remove(h.wire)
        at = [0, 1, 4, 5, 6][n] if n < 5 else r.randrange(7, 40000)
        which, seen = r.randrange(1, 4), [0]
        honest = n % 3 == 2  # the length fits, the document ends early

        def change(command, answer):
            if command == "Sync" and answer.status == 200:
                seen[0] += 1
                if seen[0] == which + 1:
                    place = min(at, max(len(answer.body) - 1, 0)) if n % 7 else max(len(answer.body) - 1, 0)
                    if honest:
                        answer.body = answer.body[:place]
                    else:
                        answer.cut = place
        if h.add(type("Server", (), {"url": tamper.url, "ca": tamper.ca}), "--window", "10").status != 0:
            s.check("cut %d: account add" % n, False)
            continue
        tamper.change = change
        first = h.run("--json", "sync", timeout=120)
        tamper.change = None
        shown = [m["server_id"] for m in h.run("--json", "list", "Inbox").objects]
        again = h.run("--json", "sync")
        ids = [m["server_id"] for m in h.run("--json", "list", "Inbox").objects]
        s.check("cut of answer %d at byte %d%s" % (which + 1, at, ", with a length that fits" if honest else ""),
                first.status in (0, 4, 6, 8) and set(shown) <= set(want) and len(shown) == len(set(shown)) and again.status == 0 and
                sorted(ids) == sorted(want), "first %r, shown %d, again %r, now %d of %d" % (first, len(shown), again, len(ids), len(want)))


with Suite("faults") as suite:
    large_body(suite)
    server = Exchange(suite, "--mails", 60, "--seed", "5")
    middle = Tamper(suite, server)
    through = type("Server", (), {"url": middle.url, "ca": middle.ca})
    phone = Handset(suite, "phone")
    suite.equal("account add through the man in the middle", phone.add(through).status, 0)
    suite.equal("sync through it", phone.run("sync").status, 0)
    excused = []
    for fault, (how, allowed) in FAULTS.items():
        one_fault(suite, server, middle, phone, fault, how, allowed)
        if fault == "empty 200 for Sync":
            # In place of a real answer it says "nothing new", and the phone cannot know better: what it sends next goes out under the
            # key that the server has already replaced.
            excused = server.command("stats").get("violations")
    nothing_new(suite, server, middle, phone)
    cuts(suite, server, middle, 60 if LONG else 14)
    seen = [v for v in server.command("stats").get("violations") if v not in excused]
    suite.equal("the server saw no violation", seen, [])
    suite.check("what is excused is the replaced key alone", all("key before the last" in v for v in excused), excused)
