#!/usr/bin/python3
"""sms receive and sms send, and what the server puts into its Outbox, against the embedded Exchange."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from programs import Exchange, Handset, Suite  # noqa: E402

ALICE = "alice@example.test"


def phone(s, version, *more):
    x = Exchange(s, "--mails", "1", "--versions", version, *more)
    h = Handset(s, "phone-%s-%d" % (version, len(s.running)))
    s.equal("%s: the account is added" % version, h.add(x, email=ALICE).status, 0)
    s.equal("%s: and in sync" % version, h.run("sync").status, 0)
    return x, h


def texts_at(x):
    return [i for i in x.command("contents " + ALICE)["items"] if i["class"] == "SMS"]


def received(s, x, h, version):
    r = h.run("--json", "sms", "receive", "--from", "+49170555", "--text", "Grüße \u65e5\u672c")
    s.equal("%s: a text is received" % version, (r.status, r.objects[0]["taken"]), (0, True))
    number = r.objects[0]["id"]
    rows = [o for o in h.run("--json", "list", "INBOX").objects if o["class"] == "SMS"]
    s.equal("%s: and listed" % version, [(o["id"], o["preview"], o["read"]) for o in rows], [(number, "Grüße \u65e5\u672c", False)])
    s.check("%s: with its sender" % version, "+49170555" in rows[0]["from"])
    s.equal("%s: it waits" % version, [(o["what"], o["subject"]) for o in h.run("--json", "queue").objects], [("add", "Grüße \u65e5\u672c")])
    s.check("%s: people see it" % version, "Grüße" in h.run("list", "INBOX").out)
    s.check("%s: and read it" % version, "Grüße \u65e5\u672c" in h.run("body", str(number)).out)
    x.command("fault Sync@1:lose-answer")
    s.equal("%s: it goes up" % version, (h.run("sync").status, h.run("sync").status), (0, 0))
    s.equal("%s: once" % version, [i["text"] for i in texts_at(x)], ["Grüße \u65e5\u672c"])
    s.equal("%s: nothing waits" % version, h.run("--json", "queue").objects, [])


def sent(s, x, h, version):
    r = h.run("--json", "sms", "send", "--to", "+49 30 111", "--to", "*100#", "--text", "on my way")
    s.equal("%s: a text is sent" % version, (r.status, r.objects[0]["sent"]), (0, True))
    s.equal("%s: its copy is in the folder of sent ones" % version,
            [o["preview"] for o in h.run("--json", "list", "Sent Items").objects if o["class"] == "SMS"], ["on my way"])
    s.equal("%s: and goes up" % version, h.run("sync").status, 0)
    s.check("%s: to both" % version, any("[MOBILE:+4930111]" in i["to"] and "[MOBILE:*100#]" in i["to"] for i in texts_at(x)))
    for wrong in (["--to", "anna", "--text", "x"], ["--to", "1", "--text", ""], ["--to", "1", "--text", "x" * 5000]):
        s.equal("%s: refused here: %s" % (version, " ".join(wrong)[:30]), h.run("sms", "send", *wrong).status, 2)


def for_the_server(s, x, h, version):
    s.check("%s: nobody sends for the server" % version, "error" in x.command("text %s +4930222 too early" % ALICE))
    s.equal("%s: it is switched on" % version, h.run("account", "set", ALICE, "--sms", "send").status, 0)
    s.equal("%s: the server is told" % version, h.run("sync").status, 0)
    information = x.command("stats")["devices"][0]["information"]
    s.equal("%s: with the number" % version, (information["EnableOutboundSMS"], information["PhoneNumber"]), ("1", "+15550100"))
    s.check("%s: a text is put into the Outbox" % version, "ok" in x.command("text %s +4930222 from Outlook" % ALICE))
    s.equal("%s: it is sent" % version, (h.run("sync").status, h.run("sync").status), (0, 0))
    mine = [i for i in texts_at(x) if i["text"] == "from Outlook"]
    folders = {o["server_id"]: o["type"] for o in h.run("--json", "folders").objects}
    s.equal("%s: and moves to the sent ones" % version, [folders[i["folder"]] for i in mine], ["sent"])
    s.equal("%s: status says it" % version, h.run("--json", "status").objects[0]["sms"], "send")
    s.equal("%s: it is switched off" % version, (h.run("account", "set", ALICE, "--sms", "sync").status, h.run("sync").status), (0, 0))
    s.equal("%s: the server is told that too" % version, x.command("stats")["devices"][0]["information"]["EnableOutboundSMS"], "0")


def policy(s, x, h):
    s.equal("a text waits", h.run("sms", "receive", "--from", "+49", "--text", "before the policy").status, 0)
    x.command("policy %s %s" % (ALICE, s.path("no-texts.json", json.dumps({"AllowTextMessaging": 0}))))
    s.equal("the policy comes", h.run("sync").status, 0)
    r = h.run("sms", "send", "--to", "+4930111", "--text", "x")
    s.equal("nothing is sent", r.status, 5)
    s.check("and why", "AllowTextMessaging" in r.err, r.err)
    s.equal("nothing is received", h.run("sms", "receive", "--from", "+49", "--text", "x").status, 5)
    s.check("what waits says why", "forbids text messages" in h.run("queue").out)
    s.check("and is not at the server", all(i["text"] != "before the policy" for i in texts_at(x)))
    s.check("it is enforced", any(o["setting"] == "AllowTextMessaging" and o["state"] == "enforced"
                                  for o in h.run("--json", "policy").objects))
    x.command("policy %s %s" % (ALICE, s.path("texts.json", json.dumps({"AllowTextMessaging": 1}))))
    s.equal("the policy goes", (h.run("sync").status, h.run("sync").status), (0, 0))
    s.check("it goes up", any(i["text"] == "before the policy" for i in texts_at(x)))
    s.equal("nothing waits", h.run("--json", "queue").objects, [])


def without(s):
    x, h = phone(s, "12.1", "--policy", "none")
    r = h.run("sms", "send", "--to", "+4930111", "--text", "x")
    s.equal("12.1: has no texts", r.status, 6)
    r = h.run("sms", "receive", "--from", "+49", "--text", "x")
    s.check("12.1: one that comes stays with the modem", r.status == 0 and "stays with the modem" in r.out, r.out + r.err)
    x = Exchange(s, "--versions", "14.1", "--policy", "none", "--sms", "3")
    h = Handset(s, "absent")
    h.options = ["--hal", "absent"]
    s.equal("absent: the account is added", h.add(x, email=ALICE).status, 0)
    s.equal("absent: in sync", h.run("sync").status, 0)
    s.equal("absent: no texts", [o for o in h.run("--json", "list", "INBOX").objects if o["class"] == "SMS"], [])
    r = h.run("sms", "send", "--to", "+4930111", "--text", "x")
    s.equal("absent: nothing is sent", r.status, 2)
    s.check("absent: and why", "no modem" in r.err and ";" in r.err, r.err)
    s.equal("absent: nothing is received", h.run("sms", "receive", "--from", "+49", "--text", "x").status, 2)


with Suite("texts") as suite:
    for v in ("14.0", "16.1"):
        server, handset = phone(suite, v)
        received(suite, server, handset, v)
        sent(suite, server, handset, v)
        for_the_server(suite, server, handset, v)
        if v == "16.1":
            policy(suite, server, handset)
        suite.equal("%s: no breach of the protocol" % v, server.command("stats")["violations"], [])
    without(suite)
