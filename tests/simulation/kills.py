#!/usr/bin/python3
"""kill -9 at random moments of a running first sync, most of them between its first and its last committed window; then `sync`.

Nothing may be lost, nothing twice, and `device check` must be content. HANDSYNC_SEED repeats a run.
"""
import hashlib
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from programs import LONG, Exchange, Handset, Suite  # noqa: E402

ALICE = "alice@example.test"
KILLS = 120 if LONG else 30
MAILS, WINDOW = 400, 10


def inbox(x):
    items = x.command("contents " + ALICE)["items"]
    folders = {}
    for i in items:
        if i["class"] == "Email":
            folders.setdefault(i["folder"], {})[i["server_id"]] = i["digest"]
    return max(folders.values(), key=len)


def committed(h):
    """How many mails the replica shows: only what has been committed is visible."""
    r = h.run("--json", "list", "Inbox")
    return [m["server_id"] for m in r.objects] if r.status == 0 else None


def whole(s, x, h, name, want, bodies):
    r = h.run("--json", "sync")
    s.equal("%s: sync ends with 0" % name, (r.status, r.err if r.status else ""), (0, ""))
    mails = h.run("--json", "list", "Inbox").objects
    ids = [m["server_id"] for m in mails]
    s.check("%s: nothing lost, nothing twice" % name, len(ids) == len(set(ids)) and set(ids) == set(want),
            "%d listed, %d different, %d missing, %d strange" % (len(ids), len(set(ids)), len(set(want) - set(ids)), len(set(ids) - set(want))))
    wrong = []
    for m in bodies(mails):
        body = h.run("body", m["id"])
        if hashlib.sha256(body.raw).hexdigest() != want.get(m["server_id"]):
            wrong.append(m["server_id"])
    s.equal("%s: bodies are whole" % name, wrong, [])
    check = h.run("device", "check")
    s.check("%s: device check" % name, check.status == 0, check)


with Suite("kills") as suite:
    seed = int(os.environ.get("HANDSYNC_SEED", time.time_ns() % 1000000))
    print("seed %d" % seed)
    r = random.Random(seed)
    server = Exchange(suite, "--mails", MAILS, "--body-bytes", "6000", "--seed", "11", "--fault", "Sync:delay:20")
    want = inbox(server)
    inside = made = homes = 0
    duration = None
    while made < KILLS:
        homes += 1
        phone = Handset(suite, "phone%d" % homes)
        added = phone.add(server, "--window", WINDOW)
        if not suite.equal("phone %d: account add" % homes, added.status, 0):
            print(added)
            break
        if duration is None:  # one whole sync, to know how long it takes
            started = time.monotonic()
            suite.equal("a first sync without a kill", phone.run("sync").status, 0)
            duration = time.monotonic() - started
            print("a first sync takes %.2f s" % duration)
            continue
        # Several kills on the way through one first sync, then to its end.
        last = 0
        while made < KILLS:
            p = phone.start("--json", "sync")
            time.sleep(r.uniform(0.05, duration * 0.5))
            ended = p.poll() is not None
            p.kill()
            p.wait()
            if ended:
                break
            made += 1
            now = committed(phone)
            if now is None:
                suite.check("kill %d: list works afterwards" % made, False, phone.run("--json", "list", "Inbox"))
                break
            suite.check("kill %d at %d of %d: nothing twice, nothing unknown, nothing taken back" % (made, len(now), MAILS),
                        len(now) == len(set(now)) and set(now) <= set(want) and len(now) >= last, "%d listed, %d before" % (len(now), last))
            last = len(now)
            if 0 < last < len(want):
                inside += 1
            if last >= len(want) or r.random() < 0.25:
                break
        whole(suite, server, phone, "phone %d after its kills" % homes, want, lambda mails: r.sample(mails, min(5, len(mails))))
    suite.check("%d of %d kills hit between the first and the last committed window" % (inside, made), inside >= KILLS * 2 // 3)
    suite.equal("the server saw no violation", server.command("stats").get("violations"), [])
