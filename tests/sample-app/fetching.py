#!/usr/bin/python3
"""handset attachment and show --mime against the embedded Exchange: every version, every form of answer, cuts, names, policy."""
import hashlib
import json
import os
import random
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from programs import LONG, Exchange, Handset, Suite, interrupt  # noqa: E402

ALICE = "alice@example.test"
RANGE = 4 << 20


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def made(s, name, size, seed=1):
    path = s.path(name)
    with open(path, "wb") as f:
        f.write(random.Random(seed).randbytes(size))
    return path


def phone(s, version, name="", policy="none", files=()):
    """A phone that has sent itself a mail with these files: (exchange, handset, id)."""
    x = Exchange(s, "--mails", "2", "--seed", "5", "--versions", version, "--policy", policy, "--request-bytes", 64 << 20)
    h = Handset(s, "phone-%s%s" % (version, name))
    s.equal("%s%s: account add" % (version, name), h.add(x).status, 0)
    attached = [word for f in files for word in ("--attach", f)]
    s.equal("%s%s: send" % (version, name), h.run("send", "--to", ALICE, "--subject", "Files", *attached).status, 0)
    s.equal("%s%s: sync" % (version, name), h.run("sync").status, 0)
    ids = [m["id"] for m in h.run("--json", "list", "Inbox").objects if m["subject"] == "Files"]
    s.equal("%s%s: it is here" % (version, name), len(ids), 1)
    return x, h, ids[0] if ids else 0


def fetch(s, h, name, item, number, want, *more):
    to = s.path("got-%s" % name.replace(" ", "-").replace("/", "-"))
    r = h.run("--json", "attachment", item, number, "--to", to, *more)
    good = s.check("%s: ends with 0" % name, r.status == 0, r)
    s.check("%s: byte for byte" % name, good and digest(to) == digest(want))
    return r.objects[-1] if good else {}


def forms(s, version):
    small, large = made(s, "Größe & Maß.bin", 70_001), made(s, "large.bin", RANGE + 100_000, 2)
    x, h, item = phone(s, version, files=(small, large))
    shown = h.run("--json", "show", item).objects
    s.equal("%s: show lists what came" % version, [(f["number"], f["name"]) for f in shown[-1]["files"]] if shown else [],
            [(1, "Größe & Maß.bin"), (2, "large.bin")])
    got = fetch(s, h, "%s multipart" % version, item, 1, small)
    s.equal("%s: its name" % version, got.get("name"), "Größe & Maß.bin")
    fetch(s, h, "%s by range" % version, item, 2, large)
    for fault, number, want in (("no-multipart", 2, large), ("no-range", 2, large), ("unknown-page", 1, small), ("no-status", 1, small)):
        x.command("fault ItemOperations:" + fault)
        fetch(s, h, "%s %s" % (version, fault), item, number, want)
        x.command("faults off")
    for fault in ("ItemOperations@1:cut:900000", "ItemOperations@2:lose-answer", "ItemOperations@1:http:500"):
        x.command("fault " + fault)
        fetch(s, h, "%s through %s" % (version, fault.replace(":", " ")), item, 2, large)
        x.command("faults off")
    x.command("fault ItemOperations:no-range")
    x.command("fault ItemOperations@1:cut:900000")
    fetch(s, h, "%s cut and no range" % version, item, 2, large)
    x.command("faults off")
    x.command("fault ItemOperations@1:status:8")
    fetch(s, h, "%s range refused" % version, item, 2, large)
    x.command("faults off")
    if float(version) < 14:
        x.command("fault ItemOperations:http:501")
        fetch(s, h, "%s GetAttachment" % version, item, 2, large)
        x.command("fault GetAttachment@1:cut:900000")
        fetch(s, h, "%s GetAttachment cut" % version, item, 2, large)
        x.command("faults off")
        s.check("%s: by GetAttachment" % version, x.command("stats")["requests"].get("GetAttachment", 0) >= 3)
    # A mail as it travelled, as a part and inline.
    mime = h.run("show", item, "--mime")
    s.check("%s: show --mime" % version, mime.status == 0 and b"Subject: Files" in mime.raw and len(mime.raw) > RANGE * 4 / 3, mime.status)
    x.command("fault ItemOperations:no-multipart")
    x.command("fault ItemOperations@1:cut:900000")
    again = h.run("show", item, "--mime")
    s.check("%s: the same inline, through a cut" % version, again.raw == mime.raw, again.err)
    x.command("faults off")
    s.equal("%s: nothing is left in the home" % version, [f for f in os.listdir(h.home) if f.startswith(".fetch")], [])
    # What is not there.
    s.equal("%s: no such attachment" % version, h.run("attachment", item, 3, "--to", s.path("none")).status, 2)
    x.command("fault ItemOperations@1:status:15")
    r = h.run("attachment", item, 1, "--to", s.path("to-refuse"))
    s.check("%s: gone at the server ends with 6 and leaves nothing" % version,
            r.status == 6 and r.err.count("\n") == 1 and not [f for f in os.listdir(s.folder) if "to-refuse" in f], r)
    x.command("faults off")
    s.equal("%s: sync is as before" % version, h.run("sync").status, 0)
    # The faults answered without looking at the request, so these are the server's own judgement.
    s.equal("%s: the server saw no violation" % version, x.command("stats")["violations"], [])
    s.equal("%s: the server ends with 0" % version, x.quit(), 0)


def names(s):
    odd = made(s, "-rf.txt", 100, 3)
    x, h, item = phone(s, "16.1", "-names", files=(odd,))
    folder = s.path("a-folder")
    os.mkdir(folder)
    paths = [h.run("--json", "attachment", item, 1, "--to", folder).objects[-1]["file"] for _ in range(3)]
    s.equal("names are made safe and counted on", [os.path.relpath(p, folder) for p in paths], ["_rf.txt", "_rf (2).txt", "_rf (3).txt"])
    s.equal("nothing hidden stays", sorted(os.listdir(folder)), sorted(["_rf.txt", "_rf (2).txt", "_rf (3).txt"]))
    taken = s.path("taken", "mine")
    r = h.run("attachment", item, 1, "--to", taken)
    s.check("a file that is there is not overwritten", r.status == 2 and open(taken).read() == "mine", r)
    link = s.path("link")
    os.symlink(s.path("nowhere"), link)
    s.check("nor a link followed", h.run("attachment", item, 1, "--to", link).status == 2 and not os.path.exists(s.path("nowhere")))
    s.equal("an absent folder ends with 9", h.run("attachment", item, 1, "--to", s.path("no/such")).status, 9)
    x.quit()


def killed(s):
    large = made(s, "long.bin", 2 * RANGE + 123_457, 4)
    x, h, item = phone(s, "16.1", "-killed", files=(large,))
    for name, more in (("", ()), (" with no range", ("fault ItemOperations:no-range",))):
        to = s.path("long%s" % name.replace(" ", "-"))
        x.command("fault ItemOperations@2:delay:60000")
        p = h.start("attachment", item, 1, "--to", to)
        until = time.monotonic() + 30
        part = lambda: [os.path.join(s.folder, f) for f in os.listdir(s.folder) if f.startswith("." + os.path.basename(to))]  # noqa: E731
        while time.monotonic() < until and not (part() and os.path.getsize(part()[0]) >= RANGE):
            time.sleep(0.05)
        p.send_signal(signal.SIGKILL)
        p.wait()
        s.equal("killed%s: no file has the name" % name, os.path.exists(to), False)
        x.command("faults off")
        for line in more:
            x.command(line)
        before = x.command("stats")["bytes_out"]
        r = h.run("--json", "attachment", item, 1, "--to", to)
        s.check("killed%s: another process goes on" % name, r.status == 0 and r.objects[-1]["resumed_at"] == RANGE, r)
        s.check("killed%s: byte for byte" % name, os.path.exists(to) and digest(to) == digest(large))
        if not more:
            sent = x.command("stats")["bytes_out"] - before
            s.check("killed%s: only the rest was sent" % name, sent < RANGE * 1.2, sent)
        x.command("faults off")
    # Ctrl-C keeps what has come, too.
    x.command("fault ItemOperations@2:delay:60000")
    to = s.path("interrupted")
    p = h.start("attachment", item, 1, "--to", to)
    time.sleep(2)
    s.equal("Ctrl-C ends with 130", interrupt(p), 130)
    x.command("faults off")
    r = h.run("--json", "attachment", item, 1, "--to", to)
    s.check("and the next goes on", r.status == 0 and digest(to) == digest(large), r)
    # Another file under the same name does not take over its remains.
    x.quit()


def policy(s):
    small = made(s, "report.bin", 5000, 6)
    large = made(s, "big.bin", 300_000, 7)
    x, h, item = phone(s, "16.1", "-policy", files=(small, large))
    x.command("policy %s %s" % (ALICE, s.path("limit.json", json.dumps({"DevicePasswordEnabled": False, "MaxAttachmentSize": 100_000}))))
    s.equal("policy: sync takes it", h.run("sync").status, 0)
    fetch(s, h, "policy: within the size", item, 1, small)
    r = h.run("attachment", item, 2, "--to", s.path("too-big"))
    s.check("policy: above the size ends with 5", r.status == 5 and "larger than the policy" in r.err and not os.path.exists(s.path("too-big")), r)
    x.command("policy %s %s" % (ALICE, s.path("none.json", json.dumps({"DevicePasswordEnabled": False, "AttachmentsEnabled": False}))))
    s.equal("policy: sync takes the other", h.run("sync").status, 0)
    s.equal("policy: no attachments ends with 5", h.run("attachment", item, 1, "--to", s.path("forbidden")).status, 5)
    x.quit()


with Suite("fetching") as suite:
    for each in ("12.0", "12.1", "14.1", "16.1") if LONG else ("12.0", "16.1"):
        forms(suite, each)
    names(suite)
    killed(suite)
    policy(suite)
