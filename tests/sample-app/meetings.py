#!/usr/bin/python3
"""Single occurrences of a series and invitations, against the embedded Exchange in old and new versions."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from programs import Exchange, Handset, Suite  # noqa: E402

ALICE, BOB = "alice@example.test", "bob@example.test"


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
    if float(version) >= 16:
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


def invitations(s, version):
    x = Exchange(s, "--versions", version, "--policy", "none", users=(ALICE, BOB))
    h, bob = Handset(s, "invited-%s" % version), Handset(s, "organizer-%s" % version)
    for phone, email in ((h, ALICE), (bob, BOB)):
        s.equal("%s: account add" % version, phone.add(x, email=email).status, 0)
    x.command("invite %s %s weekly Jour fixe" % (BOB, ALICE))
    x.command("invite %s %s Planung" % (BOB, ALICE))
    h.run("sync")

    def number(folder, subject):
        found = [i["id"] for i in h.run("--json", "list", folder).objects if i["subject"] == subject]
        return found[0] if found else 0

    text = "Ja, gern; bis später"
    r = h.run("--json", "respond", number("Inbox", "Planung"), "accept", "--message", text)
    s.check("%s: respond accept" % version, r.status == 0 and r.objects[-1]["sent"] is True, r)
    bob.run("sync")
    answers = [m for m in bob.run("--json", "list", "Inbox").objects if m["subject"] == "Accepted: Planung"]
    s.equal("%s: the organizer is told once" % version, len(answers), 1)
    body = bob.run("body", answers[0]["id"]).out if answers else ""
    s.check("%s: with the message" % version, text in body, body)
    h.run("sync")
    s.equal("%s: the invitation is gone" % version, number("Inbox", "Planung"), 0)
    r = h.run("respond", number("Inbox", "Jour fixe"), "tentative", "--propose-start", "2031-03-03T09:00Z", "--propose-end", "2031-03-03T10:00Z")
    s.equal("%s: another time is proposed from 16.1 on" % version, r.status, 0 if version == "16.1" else 6)
    event = number("Calendar", "Jour fixe")
    rows = h.run("--json", "list", "Calendar", "--from", "2020-01-01", "--to", "2040-01-01").objects
    dates = [row["start"][:10] for row in rows if row["subject"] == "Jour fixe"]
    r = h.run("respond", event, "decline", "--only", dates[2] if len(dates) > 2 else "2031-01-01", "--zone", "UTC")
    s.equal("%s: one of a series is declined from 14.1 on" % version, r.status, 0 if float(version) > 14 else 6)
    h.run("sync")
    rows = h.run("--json", "list", "Calendar", "--from", "2020-01-01", "--to", "2040-01-01").objects
    s.equal("%s: and does not take place here" % version, len([row for row in rows if row["subject"] == "Jour fixe"]),
            9 if float(version) > 14 else 10)
    r = h.run("event", "edit", event, "--attendee", "eve@example.test")
    s.check("%s: who takes part is the organizer's" % version, r.status == 6 and "organizer" in r.err, r)
    for words in ([event, "perhaps"], [0, "accept"], [event, "accept", "--propose-start", "2031-03-03T09:00"],
                  [event, "accept", "--only", "2019-01-01"]):
        r = h.run("respond", *words)
        s.check("%s: respond refuses %s with 2 and one line" % (version, words), r.status == 2 and r.err.count("\n") == 1, r)
    # Without a server it waits, and goes out later, once.
    x.command("invite %s %s Spaeter" % (BOB, ALICE))
    h.run("sync")
    x.command("fault any:http:503")
    r = h.run("--json", "respond", number("Inbox", "Spaeter"), "accept")
    s.check("%s: a server that does not answer: it is queued" % version, r.status == 0 and r.objects[-1]["sent"] is False, r)
    s.equal("%s: the queue has it" % version, [c["what"] for c in h.run("--json", "queue").objects], ["respond"])
    x.command("faults off")
    h.run("sync")
    s.equal("%s: sync sends it" % version, h.run("--json", "queue").objects, [])
    bob.run("sync")
    s.equal("%s: once" % version, [m["subject"] for m in bob.run("--json", "list", "Inbox").objects].count("Accepted: Spaeter"), 1)
    stats = x.command("stats")
    s.equal("%s: nothing was sent twice" % version, set(stats["sent"].values()), {1})
    s.equal("%s: the server saw no violation" % version, stats["violations"], [])
    s.equal("%s: the server ends with 0" % version, x.quit(), 0)


def organizes(s, version):
    """A meeting of one's own: below 16.0 the phone tells those invited, from there on the server does."""
    x = Exchange(s, "--versions", version, "--policy", "none", users=(ALICE, BOB))
    h, bob = Handset(s, "organizes-%s" % version), Handset(s, "guest-%s" % version)
    for phone, email in ((h, ALICE), (bob, BOB)):
        s.equal("%s: account add" % version, phone.add(x, email=email).status, 0)

    def told():
        s.equal("%s: one sync is enough" % version, (h.run("sync").status, h.run("--json", "queue").objects), (0, []))
        bob.run("sync")
        return sorted(m["subject"] for m in bob.run("--json", "list", "Inbox").objects)

    below = float(version) < 16
    r = h.run("--json", "event", "add", "--subject", "Planung", "--start", "2031-03-03T09:00", "--end", "2031-03-03T10:00", "--attendee", BOB,
              "--repeat", "FREQ=WEEKLY;BYDAY=MO;COUNT=4", "--zone", "Europe/Berlin")
    event = r.objects[-1]["id"]
    s.equal("%s: an invitation" % version, told(), ["Planung"] if below else [])
    s.equal("%s: event delete --only" % version, h.run("event", "delete", event, "--only", "2031-03-17", "--zone", "Europe/Berlin").status, 0)
    s.equal("%s: one is cancelled" % version, told(), ["Canceled: Planung", "Planung"] if below else [])
    h.run("event", "edit", event, "--reminder", "5")
    s.equal("%s: a reminder is nobody's business" % version, len(told()), 2 if below else 0)
    h.run("event", "edit", event, "--location", "Raum 4")
    s.equal("%s: another place" % version, told().count("Planung"), 2 if below else 0)
    s.equal("%s: event delete" % version, h.run("event", "delete", event).status, 0)
    s.equal("%s: all are cancelled" % version, told().count("Canceled: Planung"), 2 if below else 0)
    stats = x.command("stats")
    s.equal("%s: nothing was sent twice" % version, set(stats["sent"].values()) - {1}, set())
    s.equal("%s: the server saw no violation" % version, stats["violations"], [])
    s.equal("%s: the server ends with 0" % version, x.quit(), 0)


with Suite("meetings") as suite:
    for each in ("2.5", "12.1", "14.1", "16.1"):
        occurrences(suite, each)
        invitations(suite, each)
        organizes(suite, each)
