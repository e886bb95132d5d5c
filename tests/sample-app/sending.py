#!/usr/bin/python3
"""handset send, reply, forward and the queue, against the embedded Exchange in an old and a new version."""
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from programs import LONG, Exchange, Handset, Suite  # noqa: E402

ALICE, BOB = "alice@example.test", "bob@example.test"


def two_phones(s, version, name=""):
    x = Exchange(s, "--mails", "5", "--seed", "3", "--versions", version, "--policy", "none", users=(ALICE, BOB))
    phones = [Handset(s, "%s-%s%s" % (email.split("@")[0], version, name)) for email in (ALICE, BOB)]
    for h, email in zip(phones, (ALICE, BOB)):
        s.equal("%s: account add" % version, h.add(x, email=email).status, 0)
        s.equal("%s: sync" % version, h.run("sync").status, 0)
    return x, *phones


def inbox(h, subject):
    h.run("sync")
    return [m for m in h.run("--json", "list", "Inbox").objects if m["subject"] == subject]


def send(s, version):
    x, alice, bob = two_phones(s, version)
    text, html = s.path("text", "Hallo Bob,\nschöne Grüße\n"), s.path("page", "<p>Hallo</p>")
    attached = s.path("Größe & Maß.bin", "\x00\x01binary" * 4000)
    r = alice.run("--json", "send", "--to", "Bob B <%s>" % BOB, "--cc", ALICE, "--subject", "Käse", "--text", text, "--html", html,
                  "--attach", attached, "--important")
    s.check("%s: send ends with 0 and says sent" % version, r.status == 0 and r.objects[-1]["sent"] is True, r)
    got = inbox(bob, "Käse")
    s.equal("%s: it arrives once" % version, len(got), 1)
    s.equal("%s: with attachment and importance" % version, [(m["attachments"], m["importance"]) for m in got], [(1, "high")])
    body = bob.run("body", got[0]["id"]).out if got else ""
    s.check("%s: with its text" % version, "Hallo" in body, body)
    s.equal("%s: the sender has it in Sent Items" % version,
            [m["subject"] for m in (alice.run("sync"), alice.run("--json", "list", "Sent Items"))[1].objects], ["Käse"])
    r = bob.run("reply", got[0]["id"] if got else 0, "--text", "-", stdin="Danke!\n")
    s.equal("%s: reply ends with 0" % version, r.status, 0)
    answer = inbox(alice, "Re: Käse")
    s.equal("%s: the answer arrives" % version, len(answer), 1)
    body = alice.run("body", answer[0]["id"]).out if answer else ""
    s.check("%s: with the original below" % version, "Danke!" in body and "Hallo" in body, body)
    s.equal("%s: forward ends with 0" % version, bob.run("forward", got[0]["id"] if got else 0, "--to", ALICE).status, 0)
    forwarded = inbox(alice, "Fwd: Käse")
    s.equal("%s: the forwarded one has the attachment" % version, [m["attachments"] for m in forwarded], [1])
    # Lost answers: from 14.0 on the same ClientId again; from 12.0 on, found among the sent mails.
    for fault in ("lose-answer", "cut:0", "http:503"):
        x.command("fault SendMail@1:" + fault)
        subject = "lost by %s" % fault
        r = alice.run("send", "--to", BOB, "--subject", subject, "--text", text)
        if version == "2.5" and fault == "lose-answer":
            # It shows no headers of a mail, so nobody can tell: a person is asked.
            queue = alice.run("--json", "queue").objects
            s.equal("%s: %s: parked" % (version, fault), (r.status, [c["parked"] for c in queue]), (8, [True]))
            s.equal("%s: the person looks, and drops it" % version, alice.run("queue", "drop", queue[0]["change"]).status, 0)
        else:
            s.check("%s: send through %s" % (version, fault), r.status == 0, r)
        s.equal("%s: and sync" % version, alice.run("sync").status, 0)
        s.equal("%s: once" % version, len(inbox(bob, subject)), 1)
        x.command("faults off")
    s.equal("%s: nothing was sent twice" % version, set(x.command("stats")["sent"].values()), {1})
    s.equal("%s: the queue is empty" % version, alice.run("--json", "queue").objects, [])
    # What cannot be sent.
    for words in (["--to", "nobody", "--subject", "s"], ["--to", BOB, "--subject", "a\nBcc: x@y.z"],
                  ["--to", BOB, "--subject", "s", "--attach", s.path("missing")], ["--subject", "s"],
                  ["--to", BOB, "--subject", "s", "--text", s.path("latin1", "x")[:-6] + "absent"]):
        r = alice.run("send", *words)
        s.check("%s: send refuses %s with 2 and one line" % (version, words[:2]), r.status == 2 and r.err.count("\n") == 1, r)
    s.equal("%s: nothing of it is left in the queue" % version, alice.run("--json", "queue").objects, [])
    # Too large: parked with its reason, and listed. One that any server takes teaches no limit.
    heavy = s.path("heavy.bin", "x" * 100_000)
    x.command("fault SendMail@1:http:413")
    r = alice.run("send", "--to", BOB, "--subject", "heavy", "--attach", heavy)
    s.equal("%s: too large for the server ends with 8" % version, r.status, 8)
    queue = alice.run("--json", "queue").objects
    s.equal("%s: it is parked" % version, [(c["what"], c["parked"], c["subject"]) for c in queue], [("send", True, "heavy")])
    r = alice.run("send", "--to", BOB, "--subject", "heavy too", "--attach", heavy, "--attach", heavy)
    s.equal("%s: a larger one is refused before it is sent" % version, r.status, 6)
    s.equal("%s: a small one goes" % version, alice.run("send", "--to", BOB, "--subject", "light", "--attach", attached).status, 0)
    s.equal("%s: queue drop" % version, alice.run("queue", "drop", queue[0]["change"] if queue else 0).status, 0)
    s.equal("%s: sync ends with 0 again" % version, alice.run("sync").status, 0)
    violations = x.command("stats")["violations"]
    s.equal("%s: the server saw no violation" % version, violations, [])
    s.equal("%s: the server ends with 0" % version, x.quit(), 0)


def offline(s):
    x, alice, bob = two_phones(s, "16.1", "-offline")
    x.quit()
    r = alice.run("--json", "send", "--to", BOB, "--subject", "Later", "--text", "-", stdin="x")
    s.check("without a server it is queued", r.status == 0 and r.objects[-1]["sent"] is False, r)
    queue = alice.run("--json", "queue").objects
    s.equal("the queue has it", [(c["what"], c["parked"]) for c in queue], [("send", False)])
    s.equal("sync says that the server is not there", alice.run("sync").status, 4)


def lost(s, version, rounds):
    """Answers are lost, half of them after the server accepted, half at some byte: everything counts exactly once."""
    x, alice, bob = two_phones(s, version, "-lost")
    dice = random.Random(7)

    def through(command, *words):
        x.command("fault %s@1:%s" % (command, "lose-answer" if dice.random() < 0.5 else "cut:%d" % dice.randrange(60)))
        r = alice.run(*words)
        x.command("faults off")
        return r

    for n in range(rounds):
        through("SendMail", "send", "--to", BOB, "--subject", "mail %d" % n, "--text", s.path("text", "x"))
        x.command("invite %s %s meeting %d" % (BOB, ALICE, n))
        alice.run("sync")
        mails = [m for m in alice.run("--json", "list", "Inbox").objects if m["subject"] == "meeting %d" % n]
        s.equal("%s: invitation %d arrives" % (version, n), len(mails), 1)
        through("MeetingResponse", "respond", mails[0]["id"] if mails else 0, "accept")
        alice.run("event", "add", "--subject", "event %d" % n, "--start", "2031-03-03T09:00Z", "--end", "2031-03-03T10:00Z")
        through("Sync", "sync")
        # A draft that the server has, sent while the answer is lost; below 16.0 it goes out as any mail.
        kept = through("Sync", "--json", "draft", "add", "--to", BOB, "--subject", "draft %d" % n, "--text", s.path("text", "x"))
        through("Sync" if float(version) >= 16 else "SendMail", "draft", "send", kept.objects[-1]["id"])
        for _ in range(3):
            if alice.run("sync").status == 0:
                break
    s.equal("%s: the queue is empty" % version, alice.run("--json", "queue").objects, [])
    bob.run("sync")
    there = [m["subject"] for m in bob.run("--json", "list", "Inbox").objects]
    here = [e["subject"] for e in alice.run("--json", "list", "Calendar").objects]
    for what, found, names in (("mail", there, "mail %d"), ("answer", there, "Accepted: meeting %d"), ("event", here, "event %d"), ("draft", there, "draft %d")):
        wrong = {names % n: found.count(names % n) for n in range(rounds) if found.count(names % n) != 1}
        s.equal("%s: each of %d times an %s counts once" % (version, rounds, what), wrong, {})
    other = Handset(s, "witness-%s" % version)
    other.add(x, email=ALICE)
    other.run("sync")
    events = [e["subject"] for e in other.run("--json", "list", "Calendar").objects]
    s.equal("%s: and once at the server" % version, sorted(e for e in events if e.startswith("event")), sorted("event %d" % n for n in range(rounds)))
    stats = x.command("stats")
    s.equal("%s: nothing was sent twice" % version, set(stats["sent"].values()), {1})
    s.equal("%s: the server saw no violation" % version, stats["violations"], [])
    x.quit()


def drafts(s, version):
    """Made and changed on two phones of the same person; below 16.0 kept on the one."""
    both_ways = float(version) >= 16
    x, alice, bob = two_phones(s, version, "-drafts")
    other = Handset(s, "other-%s" % version)
    other.add(x, email=ALICE)
    text, attached = s.path("text", "Hallo Bob,\nschöne Grüße\n"), s.path("Maß.bin", "\x00\x01binary" * 4000)
    r = alice.run("--json", "draft", "add", "--to", "Bob <%s>" % BOB, "--subject", "Entwurf", "--text", text, "--attach", attached)
    s.check("%s: draft add ends with 0 and says where it is" % version,
            r.status == 0 and r.objects[-1]["at_server"] is both_ways, r)
    number = r.objects[-1]["id"]
    r = alice.run("draft", "edit", number, "--subject", "Entwurf 2", "--cc", ALICE)
    s.check("%s: for people too" % version, r.status == 0 and (r.out.startswith("kept: ") if both_ways else "kept here" in r.out), r)
    s.equal("%s: sync ends with 0" % version, alice.run("sync").status, 0)
    mine = alice.run("--json", "list", "Drafts").objects
    s.equal("%s: it is listed" % version, [(m["subject"], m["attachments"]) for m in mine], [("Entwurf 2", 1)])
    s.check("%s: with its text" % version, "schöne Grüße" in alice.run("body", number).out)
    other.run("sync")
    theirs = other.run("--json", "list", "Drafts").objects
    s.equal("%s: the other phone has it%s" % (version, "" if both_ways else " not"), [m["subject"] for m in theirs], ["Entwurf 2"] if both_ways else [])
    if both_ways:
        r = other.run("attachment", theirs[0]["id"], 1, "--to", s.path("back-" + version))
        s.check("%s: its attachment can be had there" % version,
                r.status == 0 and open(s.path("back-" + version), "rb").read() == open(attached, "rb").read(), r)
        r = other.run("draft", "edit", theirs[0]["id"], "--text", "-", "--detach", 1, "--attach", text, stdin="Other words\n")
        s.equal("%s: it is changed there" % version, r.status, 0)
        alice.run("sync")
        s.check("%s: and comes back" % version, "Other words" in alice.run("body", number).out)
        # Both at once: the server's wins, the other is listed until somebody decides.
        other.run("draft", "edit", theirs[0]["id"], "--subject", "Theirs")
        r = alice.run("draft", "edit", number, "--subject", "Mine")
        s.equal("%s: an edit that meets another's ends with 8" % version, r.status, 8)
        alice.run("sync")
        lost = alice.run("--json", "conflicts").objects
        s.equal("%s: it is listed" % version, len(lost), 1)
        s.equal("%s: the server's is shown" % version, [m["subject"] for m in alice.run("--json", "list", "Drafts").objects], ["Theirs"])
        s.equal("%s: conflicts keep-mine" % version, alice.run("conflicts", "keep-mine", lost[0]["change"] if lost else 0).status, 0)
        s.equal("%s: sync" % version, alice.run("sync").status, 0)
        other.run("sync")
        s.equal("%s: mine counts" % version, [m["subject"] for m in other.run("--json", "list", "Drafts").objects], ["Mine"])
    r = alice.run("--json", "draft", "send", number)
    s.check("%s: draft send ends with 0 and says sent" % version, r.status == 0 and r.objects[-1]["sent"] is True, r)
    subject = "Mine" if both_ways else "Entwurf 2"
    got = inbox(bob, subject)
    s.equal("%s: it arrives once, with its attachment" % version, [m["attachments"] for m in got], [1])
    alice.run("sync")
    s.equal("%s: it has left the folder" % version, alice.run("--json", "list", "Drafts").objects, [])
    s.equal("%s: a draft that is gone" % version, alice.run("draft", "send", number).status, 2)
    s.equal("%s: a draft to nobody" % version, alice.run("draft", "add", "--to", "nobody").status, 2)
    stats = x.command("stats")
    s.equal("%s: nothing was sent twice" % version, set(stats["sent"].values()), {1})
    s.equal("%s: the server saw no violation" % version, stats["violations"], [])
    x.quit()


with Suite("sending") as suite:
    for each in ("2.5", "12.1", "16.1"):
        send(suite, each)
    for each in ("14.1", "16.0", "16.1"):
        drafts(suite, each)
    offline(suite)
    for each in ("14.0", "16.1"):
        lost(suite, each, 1000 if LONG else 5)
