#!/usr/bin/python3
"""handset folder create, rename, delete and empty against the embedded Exchange, with and without it."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from programs import Exchange, Handset, Suite  # noqa: E402

ALICE = "alice@example.test"


def names(h):
    return {f["path"]: f["type"] for f in h.run("--json", "folders").objects}


with Suite("folder-changes") as s:
    x = Exchange(s, "--mails", 4, "--seed", 8, "--policy", "none")
    h = Handset(s)
    s.equal("account add", h.add(x).status, 0)
    s.equal("sync", h.run("sync").status, 0)
    s.equal("folder create ends with 0", h.run("folder", "create", "Plans").status, 0)
    s.equal("in another, of another type", h.run("folder", "create", "Dates", "--in", "Inbox", "--type", "calendar").status, 0)
    s.equal("the queue has both", [(c["what"], c["subject"]) for c in h.run("--json", "queue").objects],
            [("create folder", "Plans"), ("create folder", "Dates")])
    x.command("fault FolderCreate@1:lose-answer")
    s.equal("sync through a lost answer", h.run("sync").status, 0)
    x.command("faults off")
    have = names(h)
    s.equal("both are here", (have.get("Plans"), have.get("Inbox/Dates")), ("mail", "calendar"))
    s.equal("once each at the server", sorted(p for p in have if "Plans" in p or "Dates" in p), ["Inbox/Dates", "Plans"])
    s.equal("mail goes into it", h.run("move", h.run("--json", "list", "Inbox").objects[0]["id"], "Plans").status, 0)
    r = h.run("folder", "rename", "Plans", "Projekte & Pläne")
    s.check("rename", r.status == 0, r)
    s.equal("sync", h.run("sync").status, 0)
    s.check("it has the name", "Projekte & Pläne" in names(h) and "Plans" not in names(h), names(h))
    s.equal("and its mail", len(h.run("--json", "list", "Projekte & Pläne").objects), 1)
    for words in (("create", "Inbox"), ("create", ""), ("rename", "Inbox", "Other"), ("delete", "Inbox"), ("delete", "Nowhere"),
                  ("create", "x", "--type", "journal"), ("empty", "Nowhere")):
        r = h.run("folder", *words)
        s.check("folder %s is refused with 2 and one line" % " ".join(words), r.status == 2 and r.err.count("\n") == 1, r)
    r = h.run("folder", "empty", "Inbox")
    s.equal("folder empty", r.status, 0)
    h.run("sync")
    s.equal("nothing is in it", h.run("--json", "list", "Inbox").objects, [])
    s.equal("delete", h.run("folder", "delete", "Projekte & Pläne").status, 0)
    s.equal("sync", h.run("sync").status, 0)
    s.check("it is gone", "Projekte & Pläne" not in names(h), names(h))
    # Refused by the server: parked, and listed until somebody decides.
    x.command("fault FolderCreate@1:status:2")
    h.run("folder", "create", "Twin")
    s.equal("a name that the server has ends with 8", h.run("sync").status, 8)
    queue = h.run("--json", "queue").objects
    s.equal("it is parked", [(c["what"], c["parked"]) for c in queue], [("create folder", True)])
    s.equal("queue retry", h.run("queue", "retry", queue[0]["change"] if queue else 0).status, 0)
    s.equal("sync", h.run("sync").status, 0)
    s.check("now it is made", "Twin" in names(h), names(h))
    x.command("deliver %s To be moved" % ALICE)
    h.run("sync")
    # Refused again and again, whatever the server says: the sync ends, and the queue tells how often and why.
    for fault in ("FolderCreate:http:500", "FolderCreate:status:111", "MoveItems:http:500", "MoveItems:status:5"):
        x.command("fault " + fault)
        if fault.startswith("Folder"):
            h.run("folder", "create", "Refused")
        else:
            h.run("move", h.run("--json", "list", "Inbox").objects[0]["id"], "Twin")
        r = h.run("sync", timeout=60)
        s.check("%s: sync ends with 6 or 8" % fault, r.status in (6, 8), r)
        queue = h.run("--json", "queue").objects
        s.check("with the number of tries", [c["tries"] > 0 for c in queue] == [True], queue)
        h.run("sync", timeout=60)
        queue = h.run("--json", "queue").objects
        s.check("and is parked", [c["parked"] for c in queue] == [True], queue)
        x.command("faults off")
        s.equal("queue drop", h.run("queue", "drop", queue[0]["change"] if queue else 0).status, 0)
    # What a server says of a whole folder: by the word and the number that it gave, and with the exit that is true.
    mail = h.run("--json", "list", "Inbox").objects[0]["id"]
    for status in (6, 7):
        h.run("mark", mail, "done")
        x.command("fault Sync@2:status:%d" % status)  # the first asks what there is
        r = h.run("--json", "sync")
        queue = h.run("--json", "queue").objects
        s.equal("status %d of a change: parked, and 8" % status, (r.status, [c["parked"] for c in queue]), (8, [True]))
        x.command("faults off")
        h.run("queue", "drop", queue[0]["change"] if queue else 0)
    for status in (6, 7, 8, 13):
        x.command("fault Sync:status:%d" % status)
        r = h.run("sync")
        s.check("status %d without one: 6, and named" % status, r.status == 6 and "(status %d)" % status in r.err, r)
        x.command("faults off")
    x.command("fault Sync:html")
    r = h.run("sync")
    s.check("no status of ours is named as the server's", r.status == 6 and "(status" not in r.err, r)
    x.command("faults off")
    h.run("sync")
    violations = x.command("stats")["violations"]
    s.equal("the server saw no violation", violations, [])
    x.quit()
    s.equal("without a server it is queued", h.run("folder", "delete", "Twin").status, 0)
    s.equal("and waits", [c["what"] for c in h.run("--json", "queue").objects], ["delete folder"])
