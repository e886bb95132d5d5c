#!/usr/bin/python3
"""people, free-busy and out-of-office, against the embedded Exchange in old and new versions."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from programs import Exchange, Handset, Suite  # noqa: E402

ALICE, BOB = "alice.adams@example.test", "bob@example.test"


def phone(s, version):
    x = Exchange(s, "--mails", "2", "--versions", version, "--policy", "none", users=(ALICE, BOB))
    h = Handset(s, "phone-" + version)
    s.equal("%s: the account is added" % version, h.add(x, email=ALICE).status, 0)
    s.equal("%s: and in sync" % version, h.run("sync").status, 0)
    return x, h


def people(s, h, version):
    r = h.run("--json", "people", "bo")
    s.equal("%s: one is called that" % version, [(o["name"], o["email"]) for o in r.objects], [("Bob", BOB)])
    s.check("%s: with more than a name" % version, r.objects[0]["phone"] != "" and r.objects[0]["company"] == "Example")
    s.equal("%s: by two words" % version, [o["email"] for o in h.run("--json", "people", "ad", "al").objects], [ALICE])
    r = h.run("people", "zorro")
    s.equal("%s: nobody is an answer" % version, (r.status, r.out.strip()), (0, "nobody is called that"))
    s.equal("%s: no words are no question" % version, h.run("people").status, 2)


def mails(s, x, h, version):
    if version == "2.5":
        s.equal("2.5: cannot search the mailbox", h.run("search", "--server", "x").status, 6)
        return
    for i in range(3):
        x.command("deliver %s Budget plan %d" % (ALICE, i))
    r = h.run("--json", "search", "--server", "budget", "plan")  # none of them has been synced
    s.equal("%s: newest first, unread" % version, [(o["subject"], o["read"]) for o in r.objects],
            [("Budget plan %d" % i, False) for i in (2, 1, 0)])
    s.check("%s: with sender, folder and the first words" % version, all(o["from"] and o["folder"] == "Inbox" and o["preview"] and
                                                                        o["received"].endswith("Z") for o in r.objects))
    s.equal("%s: one of three" % version, len(h.run("--json", "search", "--server", "budget", "--limit", "1").objects), 1)
    s.equal("%s: in another folder" % version, h.run("--json", "search", "--server", "budget", "--in", "Drafts").objects, [])
    s.check("%s: people read it" % version, "Budget plan 1" in h.run("search", "--server", "budget").out)


def absence(s, x, h, version):
    shown = h.run("--json", "out-of-office", "show").objects[0]
    s.equal("%s: nothing is answered at first" % version, (shown["state"], shown["internal"]), ("off", ""))
    words = "Bin weg, größer als <b> & \"so\".\nBis dann"
    s.equal("%s: it is switched on" % version, h.run("out-of-office", "set", "on", "--message", words, "--outside", "Away",
                                                    "--known-only").status, 0)
    shown = h.run("--json", "out-of-office", "show").objects[0]
    s.equal("%s: and says so" % version, [shown[k] for k in ("state", "internal", "external_known", "external_unknown")],
            ["on", words, "Away", ""])
    x.command("fault Settings@1:lose-answer")
    s.equal("%s: a lost answer is asked for again" % version, h.run("out-of-office", "set", "on", "--message", "M" * 6000, "--from",
            "2026-12-24T08:00Z", "--to", "2026-12-27T08:00Z").status, 0)
    shown = h.run("--json", "out-of-office", "show").objects[0]
    s.equal("%s: for a time" % version, [shown[k] for k in ("state", "start", "end", "internal", "external_known")],
            ["scheduled", "2026-12-24T08:00:00.000Z", "2026-12-27T08:00:00.000Z", "M" * 6000, ""])
    s.check("%s: people read it" % version, "scheduled" in h.run("out-of-office", "show").out)
    s.equal("%s: it is switched off" % version, h.run("out-of-office", "set", "off").status, 0)
    s.equal("%s: off it is" % version, h.run("--json", "out-of-office", "show").objects[0]["state"], "off")
    for wrong in (["on"], ["off", "--message", "x"], ["on", "--message", "x", "--from", "2026-12-24T08:00Z"],
                  ["on", "--message", "x", "--from", "2026-12-24T08:00Z", "--to", "2026-12-23T08:00Z"],
                  ["on", "--message", "x" * 9000]):
        s.equal("%s: refused here: %s" % (version, " ".join(wrong)[:40]), h.run("out-of-office", "set", *wrong).status, 2)


def free_busy(s, x, h, version):
    at = ["--from", "2026-05-04T08:00Z", "--to", "2026-05-04T11:00Z"]
    made = h.run("event", "add", "--subject", "Taken", "--start", "2026-05-04T09:00Z", "--end", "2026-05-04T10:00Z", "--busy", "busy")
    s.equal("%s: an event" % version, (made.status, h.run("sync").status), (0, 0))
    r = h.run("--json", "free-busy", "alice", *at)
    if float(version) < 14:
        s.equal("%s: says that it does not have it" % version, r.status, 6)
        return
    s.equal("%s: half an hour a digit" % version, [(o["email"], o["slots"]) for o in r.objects], [(ALICE, "002200")])
    s.equal("%s: and in spans" % version, [t["state"] for t in r.objects[0]["times"]], ["free", "busy", "free"])
    s.equal("%s: somebody else is free" % version, h.run("--json", "free-busy", BOB, *at).objects[0]["slots"], "000000")
    s.equal("%s: nobody is an answer" % version, h.run("free-busy", "zorro", *at).out.strip(), "nobody is called that")
    s.check("%s: people read it" % version, " busy" in h.run("free-busy", "alice", *at).out)
    s.equal("%s: an end before the beginning" % version, h.run("free-busy", "alice", at[0], at[3], at[2], at[1]).status, 2)


def troubles(s, x, h, version):
    x.command("fault Search@1:status:3")
    r = h.run("people", "bob")
    s.equal("%s: the server's refusal is named" % version, r.status, 6)
    s.check("%s: in words" % version, r.err.startswith("handset: ") and ";" in r.err, r.err)
    s.equal("%s: and stops nothing" % version, h.run("sync").status, 0)
    x.command("fault Search@1:http:503")
    r = h.run("people", "bob")
    s.equal("%s: a server that is busy is named" % version, r.status, 6)
    for fault in ("cut:60", "lose-answer"):
        x.command("fault Search@1:" + fault)
        s.equal("%s: after %s it is asked again" % (version, fault), [o["email"] for o in h.run("--json", "people", "bob").objects],
                [BOB])
        x.command("faults off")
    x.command("policy " + ALICE)
    s.equal("%s: a new policy first, then the answer" % version, len(h.run("--json", "people", "bob").objects), 1)


def completion(s, x, h, version):
    """What is typed into an address field, from what is here: no server is asked, or there."""
    for _ in range(2):
        s.equal("%s: a mail goes out" % version, h.run("send", "--to", "Zoë Quill <zoe@example.org>", "--cc", "zora@example.org",
                                                       "--subject", "x").status, 0)
    s.equal("%s: another one" % version, h.run("send", "--to", "zora@example.org", "--subject", "x").status, 0)
    s.equal("%s: a contact" % version, h.run("contact", "add", "--name", "Zorro Vega", "--email", "vega@example.org").status, 0)
    s.equal("%s: in sync" % version, (h.run("sync").status, h.run("sync").status), (0, 0))
    asked = x.command("stats")["requests"]
    r = h.run("--json", "people", "--local", "zo")
    recent = [("zora@example.org", True), ("zoe@example.org", True)] if float(version) >= 14 else []
    s.equal("%s: completed by rank, then from the contacts" % version, [(o["email"], o["recent"]) for o in r.objects],
            recent + [("vega@example.org", False)])
    s.equal("%s: at most one" % version, len(h.run("--json", "people", "--local", "z", "--limit", "1").objects), 1)
    r = h.run("people", "--local", "ZOË")
    s.equal("%s: people read it" % version, r.out.split(), ["Zoë", "Quill", "zoe@example.org"] if recent else
            "nobody here is called that".split())
    s.equal("%s: and nobody was asked" % version, x.command("stats")["requests"], asked)
    shown = [(f["type"], f["selected"]) for f in h.run("--json", "folders").objects if f["server_id"] == "RI"]
    s.equal("%s: the list is no folder of contacts" % version, shown, [("other", True)] if recent else [])
    if not recent:
        return
    entries = h.run("--json", "list", "RecipientInfo").objects
    s.equal("%s: whoever wants to see it can" % version, [(e["class"], e["email"], e["rank"]) for e in entries],
            [("Recipients", "zora@example.org", 3), ("Recipients", "zoe@example.org", 2)])
    for wrong in (["delete", str(entries[0]["id"])], ["move", str(entries[0]["id"]), "Contacts"],
                  ["contact", "edit", str(entries[0]["id"]), "--name", "X"], ["folder", "empty", "RecipientInfo"],
                  ["folder", "delete", "RecipientInfo"], ["folder", "rename", "RecipientInfo", "Mine"]):
        r = h.run(*wrong)
        s.equal("%s: not by hand: %s" % (version, " ".join(wrong[:2])), r.status, 2)
    r = h.run("contact", "add", "--name", "X", "--in", "RecipientInfo")
    s.equal("%s: nor added to" % version, r.status, 2)
    s.check("%s: in words" % version, "server's own list" in h.run("delete", str(entries[0]["id"])).err)


with Suite("asking") as suite:
    for each in ("2.5", "12.1", "16.1"):
        server, handset = phone(suite, each)
        people(suite, handset, each)
        mails(suite, server, handset, each)
        free_busy(suite, server, handset, each)
        completion(suite, server, handset, each)
        if each != "2.5":
            absence(suite, server, handset, each)
        else:
            suite.equal("2.5: has no automatic answer", handset.run("out-of-office", "show").status, 6)
        if each == "16.1":
            troubles(suite, server, handset, each)
        stats = server.command("stats")
        suite.equal("%s: the server saw no violation" % each, stats["violations"], [])
        suite.equal("%s: the server ends with 0" % each, server.quit(), 0)
