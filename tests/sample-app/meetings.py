#!/usr/bin/python3
"""Single occurrences of a series, against the embedded Exchange in an old and a new version."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from programs import Exchange, Handset, Suite  # noqa: E402

ALICE = "alice@example.test"


def agenda(h):
    rows = h.run("--json", "list", "Calendar", "--from", "2031-03-01", "--to", "2031-04-01").objects
    return [(r["start"][5:16], r["subject"], r["exception"]) for r in rows]


def occurrences(s, version):
    x = Exchange(s, "--mails", "1", "--versions", version, "--policy", "none")
    h = Handset(s, "one-%s" % version)
    s.equal("%s: account add" % version, h.add(x).status, 0)
    s.equal("%s: sync" % version, h.run("sync").status, 0)
    r = h.run("--json", "event", "add", "--subject", "Jour fixe", "--start", "2031-03-03T09:00", "--end", "2031-03-03T10:00",
              "--repeat", "FREQ=WEEKLY;BYDAY=MO;COUNT=4", "--zone", "Europe/Berlin")
    event = r.objects[-1]["id"]
    h.run("sync")
    r = h.run("event", "edit", event, "--only", "2031-03-10", "--subject", "Einmal anders", "--start", "2031-03-11T14:00", "--end", "2031-03-11T15:00",
              "--zone", "Europe/Berlin")
    s.equal("%s: event edit --only" % version, r.status, 0)
    s.equal("%s: event delete --only" % version, h.run("event", "delete", event, "--only", "2031-03-17", "--zone", "Europe/Berlin").status, 0)
    want = [("03-03T08:00", "Jour fixe", False), ("03-11T13:00", "Einmal anders", True), ("03-24T08:00", "Jour fixe", False)]
    s.equal("%s: the agenda shows it at once" % version, agenda(h), want)
    s.equal("%s: both wait" % version, [c["what"] for c in h.run("--json", "queue").objects], ["edit one", "edit one"])
    x.command("fault Sync@1:lose-answer")
    h.run("sync")
    x.command("faults off")
    s.equal("%s: sync sends them" % version, h.run("sync").status, 0)
    s.equal("%s: and the queue is empty" % version, h.run("--json", "queue").objects, [])
    s.equal("%s: the agenda is the same" % version, agenda(h), want)
    other = Handset(s, "other-%s" % version)
    other.add(x)
    other.run("sync")
    s.equal("%s: another phone sees the same" % version, agenda(other), want)
    for words in (["edit", event, "--only", "2031-03-04", "--subject", "x"], ["edit", event, "--only", "someday", "--subject", "x"],
                  ["delete", event, "--only", "2031-03-17"], ["edit", event, "--only", "2031-03-24"]):
        r = h.run("event", *words, "--zone", "Europe/Berlin")
        s.check("%s: refuses %s with 2 and one line" % (version, words[2:]), r.status == 2 and r.err.count("\n") == 1, r)
    # A series that moves loses its exceptions at 16.x: only when that is meant.
    move = ["event", "edit", event, "--start", "2031-03-03T11:00", "--end", "2031-03-03T12:00", "--zone", "Europe/Berlin"]
    if version >= "16":
        r = h.run(*move)
        s.check("%s: a series with exceptions does not move unasked" % version, r.status == 2 and "--drop-exceptions" in r.err, r)
        s.equal("%s: and nothing has changed" % version, agenda(h), want)
        s.equal("%s: with --drop-exceptions it does" % version, h.run(*move, "--drop-exceptions").status, 0)
        want = [("03-%02dT10:00" % day, "Jour fixe", False) for day in (3, 10, 17, 24)]
    else:
        s.equal("%s: a series moves, and its exceptions stay" % version, h.run(*move).status, 0)
        want = None
    h.run("sync")
    other.run("sync")
    s.equal("%s: both sides agree" % version, agenda(h), agenda(other))
    if want:
        s.equal("%s: without exceptions" % version, agenda(h), want)
    s.equal("%s: the server saw no violation" % version, x.command("stats")["violations"], [])
    s.equal("%s: the server ends with 0" % version, x.quit(), 0)


with Suite("meetings") as suite:
    for each in ("12.1", "14.1", "16.1"):
        occurrences(suite, each)
