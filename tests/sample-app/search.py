#!/usr/bin/python3
"""handset search against the embedded Exchange: what is found, when, and what is left on disk for somebody without the key."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from programs import Exchange, Handset, Suite, interrupt  # noqa: E402

ALICE = "alice@example.test"
SECRET = "Zwergspitzelfe"


def found(h, *words):
    r = h.run("--json", "search", *words)
    return [i["subject"] if r.status == 0 else r.status for i in r.objects if "error" not in i] if r.status == 0 else r


def files(home):
    for folder, _, names in os.walk(home):
        for name in names:
            with open(os.path.join(folder, name), "rb") as f:
                yield name, f.read()


with Suite("search") as s:
    x = Exchange(s, "--mails", 120, "--contacts", 5, "--events", 5, "--seed", 31, "--policy", "none")
    h = Handset(s)
    s.equal("account add", h.add(x).status, 0)
    s.equal("before the first sync nothing is found", found(h, "budget"), [])
    x.command("deliver %s Budget of the %s" % (ALICE, SECRET))
    s.equal("sync", h.run("sync").status, 0)
    s.equal("a word of the subject", found(h, SECRET), ["Budget of the " + SECRET])
    s.equal("in any case, the last one as a beginning", found(h, "budget", SECRET.lower()[:7]), ["Budget of the " + SECRET])
    s.equal("two words next to each other", found(h, '"of the %s"' % SECRET), ["Budget of the " + SECRET])
    s.equal("but not the other way about", found(h, '"%s the"' % SECRET), [])
    mails = h.run("--json", "list", "Inbox").objects
    sender = next(m for m in mails if "<" in m["from"])["from"].split("<")[1].rstrip(">")
    theirs = [m["id"] for m in mails if sender in m["from"] or sender in m["to"]]
    ours = [m["id"] for m in h.run("--json", "search", sender, "--in", "Inbox").objects]
    s.check("an address finds its mails, newest first", ours and set(theirs) <= set(ours), (theirs, ours))
    s.equal("--limit", len(h.run("--json", "search", sender, "--limit", 1).objects), 1)
    body = next(m for m in mails if m["preview"].split())
    word = max(body["preview"].split(), key=len).strip(".,;:!?()\"'")
    s.check("a word of the body: " + word, body["id"] in [m["id"] for m in h.run("--json", "search", '"%s"' % word).objects])
    person = next(c for c in h.run("--json", "list", "Contacts").objects if c["name"])
    r = h.run("--json", "search", *person["name"].split())
    s.check("a contact by its name: " + person["name"], person["id"] in [i["id"] for i in r.objects], r)
    s.equal("--in another folder", h.run("--json", "search", SECRET, "--in", "Contacts").objects, [])
    text = h.run("search", SECRET)
    s.check("people get a line", text.status == 0 and SECRET in text.out and text.err == "", text)
    for words in ('"', "NOT AND OR", "a*b", "-", "subject:x", "NEAR(a b)", "'; --", "x" * 5000):
        r = h.run("--json", "search", "--", words)
        s.equal("typed: %s" % words[:12], (r.status, r.err), (0, ""))
    for words in ([], [""], ["x", "--in", "Nowhere"]):
        r = h.run("search", *words)
        s.check("refused with 2 and one line: %s" % words, r.status == 2 and r.err.count("\n") == 1, r)
    # What changes is found by what it is now.
    mail = h.run("--json", "search", SECRET).objects[0]
    s.equal("delete", h.run("delete", mail["id"], "--for-good").status, 0)
    s.equal("what is deleted is not found any more", found(h, SECRET), [])
    s.equal("sync", h.run("sync").status, 0)
    s.equal("nor after the server knows", found(h, SECRET), [])
    # Watching leaves time: the pass runs by itself, and a search meanwhile is answered.
    watch = h.start("--json", "watch")
    time.sleep(1)
    x.command("deliver %s %s again" % (ALICE, SECRET))
    deadline = time.time() + 20
    while time.time() < deadline and found(h, SECRET) != [SECRET + " again"]:
        time.sleep(0.2)
    s.equal("found while somebody watches", found(h, SECRET), [SECRET + " again"])
    s.equal("watch ends", interrupt(watch), 0)
    s.equal("device check", h.run("device", "check").status, 0)
    plain = [name for name, data in files(h.home) if SECRET.lower().encode() in data.lower()]
    s.equal("no file shows the word", plain, [])
    s.equal("account remove", h.run("account", "remove", ALICE).status, 0)
    r = h.run("search", SECRET)
    s.check("without an account there is nothing to search", r.status == 2, r)
    s.equal("the server saw no violation", x.command("stats")["violations"], [])
