#!/usr/bin/python3
"""The edges of the command line's contract: what fails says so in one line, and what is somebody else's stays."""
import base64
import json
import os
import stat
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from programs import Exchange, Handset, Suite  # noqa: E402

ALICE, BOB = "alice@example.test", "bob@example.test"


def one_line(r):
    return r.err.startswith("handset: ") and r.err.count("\n") == 1 and "; " in r.err


def half_added(s):
    """What a failed `account add` has set goes with it."""
    x = Exchange(s, "--mails", 3)
    h = Handset(s, "half")
    s.check("exchange answers an empty line too", "error" in x.command(""))
    x.command("fault FolderSync:http:500")
    r = h.add(x)
    s.check("a server with an error: account add ends with 6, and names the server", r.status == 6 and one_line(r) and
            "server" in r.err and ALICE not in r.err, r)
    s.equal("no PIN is left of it", h.run("--json", "device", "status").objects[0]["pin_set"], False)
    left = os.listdir(os.path.join(h.home, "device", "records"))
    s.check("nor a record of one", "pin" not in left, left)
    x.command("faults off")
    first, h.pin = h.pin, s.path("other-pin", "7391")
    r = h.add(x)
    s.equal("added again with another PIN", r.status, 0)
    s.equal("the first is not the PIN", h.run("device", "unlock", "--pin-file", first).status, 5)
    s.equal("the second is", h.run("device", "unlock", "--pin-file", h.pin).status, 0)
    for port in ("absent", "linux"):
        p = Handset(s, "on-" + port)
        p.options = ["--hal", port]
        r = p.add(x)
        s.equal("a phone that complies in part is let in: " + port, (r.status, r.err), (0, ""))


def empty_options(s, x, h):
    """An option of which nothing was given is refused, where that says nothing of an item."""
    for words in (("--account", "", "status"), ("--trace", "", "status"), ("send", "--to", ALICE, "--subject", "s", "--text", ""),
                  ("account", "set", ALICE, "--days", ""), ("account", "set", ALICE, "--body-bytes", ""),
                  ("account", "set", ALICE, "--classes", ""), ("account", "set", ALICE, "--conflict", ""), ("folder", "set", "Inbox", "--days", ""),
                  ("event", "add", "--subject", "E", "--start", "2031-01-05", "--all-day", "--zone", ""), ("event", "add", "--start", "", "--end", ""),
                  ("people", ""), ("free-busy", "", "--from", "2031-01-05", "--to", "2031-01-06"), ("search", "x", "--in", ""),
                  ("contact", "add", "--name", ""), ("task", "add"), ("note", "add", "--body", ""), ("watch", "--for", "")):
        r = h.run(*words)
        s.check("refused with 2 and one line: %s" % (words,), r.status == 2 and one_line(r), r)
    r = h.run("--json", "event", "add", "--subject", "B", "--start", "2031-01-05T09:00Z", "--end", "2031-01-05T10:00Z", "--busy", "--attendee", ALICE)
    s.check("--busy needs no word", r.status == 0, r)
    s.equal("free-busy takes dates", h.run("free-busy", ALICE, "--from", "2031-01-05", "--to", "2031-01-06").status, 0)
    s.equal("contact without an address", h.run("contact", "add", "--name", "Ada", "--email", "").status, 0)
    h.run("sync")


def selected_again(s, x, h):
    """What comes back is new, and not changed."""
    total = [f["items"] for f in h.run("--json", "folders").objects if f["name"] == "Inbox"][0]
    h.run("folder", "deselect", "Inbox")
    h.run("sync")
    h.run("folder", "select", "Inbox")
    r = h.run("--json", "sync").objects[-1]
    s.equal("selected again: added", (r["added"], r["changed"]), (total, 0))


def conflicts(s, x, h):
    """Who wins, and what is kept of the other."""
    contact = h.run("--json", "contact", "add", "--name", "Ada Lovelace", "--phone", "1").objects[-1]["id"]
    h.run("sync")
    other = Handset(s, "other")
    other.add(x)
    other.run("sync")
    theirs = [c["id"] for c in other.run("--json", "list", "Contacts").objects if c["name"] == "Ada Lovelace"][0]

    def contest(mine, others):
        h.run("contact", "edit", contact, "--phone", mine)
        other.run("contact", "edit", theirs, "--phone", others)
        other.run("sync")
        h.run("sync")
        other.run("sync")
        both = [[c["phone"] for c in p.run("--json", "list", "Contacts").objects if c["name"] == "Ada Lovelace"] for p in (h, other)]
        s.equal("both sides say the same", both[0], both[1])
        return both[0][0]

    s.equal("the server wins", contest("2", "3"), "3")
    lost = h.run("--json", "conflicts").objects
    s.equal("and one edit has lost", len(lost), 1)
    s.equal("which is forgotten", h.run("conflicts", "keep-theirs", lost[0]["change"]).status, 0)
    s.equal("account set --conflict client", h.run("account", "set", ALICE, "--conflict", "client").status, 0)
    s.equal("the phone wins", contest("4", "5"), "4")
    lost = h.run("--json", "conflicts").objects
    s.check("and what the server had is listed", len(lost) == 1 and "server" in lost[0]["last_refusal"], lost)
    s.equal("theirs after all", h.run("conflicts", "keep-theirs", lost[0]["change"]).status, 0)
    h.run("sync")
    other.run("sync")
    s.equal("brings it back", [c["phone"] for c in other.run("--json", "list", "Contacts").objects if c["name"] == "Ada Lovelace"], ["5"])
    s.equal("the phone wins again", contest("6", "7"), "6")
    lost = h.run("--json", "conflicts").objects
    s.equal("mine it is", h.run("conflicts", "keep-mine", lost[0]["change"]).status, 0)
    s.equal("nothing is left to decide", (h.run("--json", "conflicts").objects, h.run("sync").status), ([], 0))
    s.equal("account set --conflict server", h.run("account", "set", ALICE, "--conflict", "server").status, 0)


def parked(s, x, h):
    x.command("fault FolderCreate:status:2")
    s.equal("folder create", h.run("folder", "create", "F1").status, 0)
    r = h.run("--json", "sync")
    s.check("a parked change: 8, one line and the error", r.status == 8 and one_line(r) and "error" in r.objects[-1] and
            r.objects[0]["parked"] == 1 and len(r.objects[0]["parked_list"]) == 1, r)
    s.equal("folder create", h.run("folder", "create", "F2").status, 0)
    r = h.run("sync")
    s.check("two: still one line", r.status == 8 and one_line(r) and r.out.count("parked: ") == 2, r)
    numbers = [c["change"] for c in h.run("--json", "queue").objects]
    s.equal("device lock", h.run("device", "lock").status, 0)
    s.equal("queue drop works while locked", [h.run("queue", "drop", n).status for n in numbers], [0, 0])
    h.run("device", "unlock", "--pin-file", h.pin)
    x.command("faults off")


def output(s, x, h):
    r = h.run("--json", "show", 1, "--mime")
    s.check("show --mime as one object", r.status == 0 and len(r.objects) == 1 and r.objects[0]["id"] == 1 and
            "Subject:" in r.objects[0].get("mime", base64.b64decode(r.objects[0].get("mime_base64", "")).decode("latin-1")), r)
    plain = h.run("show", 1, "--mime").raw
    text = r.objects[0].get("mime")
    s.equal("and it is the mail", text.encode() if text is not None else base64.b64decode(r.objects[0]["mime_base64"]), plain)
    s.check("--json --version", "version" in h.run("--json", "--version").objects[0])
    s.check("--json --help", "help" in h.run("--json", "--help").objects[0])
    for words in (["list", "Inbox"], ["--json", "sync"], ["body", "1"], ["show", "1", "--mime"], ["--help"]):
        with open("/dev/full", "wb") as full:
            p = subprocess.run(h.words(words), stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, env=h.environment())
        s.check("a full disk behind the output ends with 9: " + " ".join(words), p.returncode == 9 and p.stderr.count("\n") == 1 and
                "space" in p.stderr, p)
    x.command("deliver %s a\u009bb\u202ec" % ALICE)
    h.run("sync")
    r = h.run("--json", "list", "Inbox", "--limit", 1)
    s.check("marks that turn a terminal are escaped", r.objects[0]["subject"] == "a\u009bb\u202ec" and b"\xc2\x9b" not in r.raw and
            b"\xe2\x80\xae" not in r.raw, r)
    for words in (["list", "Inbox", "--limit", "0"], ["watch", "--for", "0"]):
        r = h.run(*words)
        s.check("a limit of 0 is refused in words: " + words[0], r.status == 2 and one_line(r) and len(r.err) < 160, r)
    for server in ("http://localhost", "ftp://x", "https://localhost:99999", "local host"):
        r = h.run("account", "add", BOB, "--server", server, "--password-file", h.password)
        s.check("an address that is none is the typist's: " + server, r.status == 2 and one_line(r), r)
    r = h.run("lsit", "Inbox")
    s.check("an unknown command is named", r.status == 2 and "lsit" in r.err, r)


def names(s, x, h):
    s.equal("twin", [h.run("folder", "create", "twin").status, h.run("folder", "create", "twin", "--in", "Projects").status,
                     h.run("sync").status], [0, 0, 0])
    s.equal("a name of two folders ends with 2", h.run("list", "twin").status, 2)
    s.equal("their paths are known", [h.run("list", "/twin").status, h.run("list", "Projects/twin").status], [0, 0])
    r = h.run("account", "set", ALICE, "--classes", "mail,tasks")
    s.equal("account set --classes", r.status, 0)
    selected = {f["type"] for f in h.run("--json", "folders").objects if f["selected"]}
    s.check("selects by class", "inbox" in selected and "tasks" in selected and not {"calendar", "contacts", "notes"} & selected, selected)
    s.equal("an unknown class ends with 2", h.run("account", "set", ALICE, "--classes", "mail,toast").status, 2)
    s.equal("all again", h.run("account", "set", ALICE, "--classes", "mail,calendar,contacts,tasks,notes").status, 0)


def compressible(s, x, h):
    """What a program logs is no attack."""
    lines = s.path("lines", "log line the same\n" * 60000)
    s.equal("send", h.run("send", "--to", ALICE, "--subject", "log", "--text", lines).status, 0)
    s.equal("sync", h.run("sync").status, 0)
    mail = next(m for m in h.run("--json", "list", "Inbox").objects if m["subject"] == "log")
    r = h.run("body", mail["id"])
    s.check("the whole body comes", r.status == 0 and r.out.count("log line the same") == 60000, (r.status, r.err, len(r.out)))
    x.command("deliver %s %s" % (ALICE, "X" * 100000))
    x.command("deliver %s after" % ALICE)
    r = h.run("sync")
    subjects = [m["subject"] for m in h.run("--json", "list", "Inbox", "--limit", 3).objects]
    s.check("a subject of 100 000 characters does not stop what comes after it", r.status in (0, 8) and "after" in subjects,
            (r, [t[:20] for t in subjects]))


def wiped_account(s):
    x = Exchange(s, "--mails", 3, "--policy", "none", users=(ALICE, BOB))
    h = Handset(s, "two")
    s.equal("two accounts", [h.add(x).status, h.add(x, email=BOB).status, h.run("sync").status], [0, 0, 0])
    w = h.start("--json", "watch")
    waiting = set()
    while len(waiting) < 2:
        event = json.loads(w.lines.next(60)[1])
        if event["event"] == "push":
            waiting.add(event["account"])
    x.command("wipe %s account" % BOB)
    while json.loads(w.lines.next(60)[1])["event"] != "wiped":
        pass
    for _ in range(50):
        left = [a["account"] for a in h.run("--json", "account", "list").objects]
        if left == [ALICE]:
            break
        time.sleep(0.1)
    s.equal("an account wiped while watch runs is gone", left, [ALICE])
    s.equal("the other one goes on", h.run("list", "Inbox").status, 0)
    w.kill()
    w.wait()
    x.command("allow %s" % BOB)
    s.equal("it can be added again", h.add(x, email=BOB).status, 0)
    x.command("wipe %s account" % ALICE)
    r = h.run("--json", "sync")
    lines = {o.get("account") for o in r.objects if "added" in o}
    s.check("sync has a line for each account although one was wiped", r.status == 7 and lines == {ALICE, BOB}, r)


def damaged(s):
    x = Exchange(s, "--mails", 3, "--policy", "none")
    h = Handset(s, "damaged")
    s.equal("a phone", [h.add(x).status, h.run("sync").status], [0, 0])
    file = os.path.join(h.home, "replica", "account-1.db")
    for name in os.listdir(os.path.dirname(file)):
        if name != "account-1.db":
            os.unlink(os.path.join(os.path.dirname(file), name))
    with open(file, "r+b") as f:
        f.truncate(os.path.getsize(file) // 2)
        f.write(b"x" * 8192)
    r = h.run("device", "check")
    s.check("device check has its lines although one is damaged", r.status == 9 and "vault" in r.out and ALICE in r.out, r)
    s.equal("the account can be removed and added", [h.run("account", "remove", ALICE).status, h.add(x).status], [0, 0])
    for name in os.listdir(os.path.dirname(file)):
        os.unlink(os.path.join(os.path.dirname(file), name))
    r = h.run("device", "check")
    s.check("a replica that has gone is no sound one", r.status == 9 and ALICE in r.out and "damaged" in r.out, r)
    for record in ("records/identity", "keys"):
        open(os.path.join(h.home, "device", record), "wb").close()
        r = h.run("device", "check")
        s.check("device check has a line: " + record, r.status == 9 and r.out.count("\n") >= 1 and one_line(r), r)
        s.equal("device new begins anew: " + record, h.run("device", "new").status, 0)
        h.wire = s.path("new-%s.wire.jsonl" % os.path.basename(record))
        s.equal("and works", h.add(x).status, 0)


def homes(s, x):
    h = Handset(s, "mine")
    s.wire_logs.remove(h.wire)
    os.mkdir(h.home, 0o755)
    with open(os.path.join(h.home, "thesis.txt"), "w") as f:
        f.write("mine")
    r = h.run("device", "wipe")
    s.check("a directory of one's own files is no home", r.status == 2 and one_line(r) and os.listdir(h.home) == ["thesis.txt"] and
            stat.S_IMODE(os.stat(h.home).st_mode) == 0o755, r)
    h = Handset(s, "wiping")
    s.equal("a phone", h.add(x, email=BOB).status, 0)
    with open(os.path.join(h.home, "thesis.txt"), "w") as f:
        f.write("mine")
    s.equal("device wipe", h.run("device", "wipe").status, 0)
    s.check("a wipe leaves what is no phone's", os.path.exists(os.path.join(h.home, "thesis.txt")))
    r = Handset.run(phone, "demo")
    s.check("demo is in a home of its own", r.status == 2 and one_line(r), r)


with Suite("edges") as suite:
    half_added(suite)
    server = Exchange(suite, "--mails", 8, users=(ALICE, BOB))
    phone = Handset(suite)
    suite.equal("a phone", [phone.add(server).status, phone.run("sync").status], [0, 0])
    parked(suite, server, phone)
    empty_options(suite, server, phone)
    selected_again(suite, server, phone)
    conflicts(suite, server, phone)
    output(suite, server, phone)
    names(suite, server, phone)
    compressible(suite, server, phone)
    wiped_account(suite)
    damaged(suite)
    homes(suite, server)
