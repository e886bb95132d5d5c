#!/usr/bin/python3
"""The command line's contract: handset against the embedded Exchange."""
import json
import os
import re
import stat
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import programs  # noqa: E402
from programs import Exchange, Handset, Suite, interrupt  # noqa: E402

ALICE = "alice@example.test"
EMAIL_KEYS = {"id", "folder", "class", "server_id", "read", "flagged", "subject", "from", "to", "received", "preview", "attachments",
              "conversation_id", "reply_state", "importance", "categories"}
FOLDER_KEYS = {"name", "path", "type", "server_id", "items", "unread", "selected"}


def usage(s):
    h = Handset(s, "nobody")
    s.wire_logs.remove(h.wire)
    s.equal("--version ends with 0", h.run("--version").status, 0)
    s.equal("--help ends with 0", h.run("--help").status, 0)
    s.equal("account add --help ends with 0", h.run("account", "add", "--help").status, 0)
    for words in ([], ["nonsense"], ["list"], ["sync", "--nonsense"], ["mark", "1", "purple"]):
        r = h.run(*words)
        s.check("usage: %s ends with 2 and one line" % (words or "nothing"), r.status == 2 and r.err.count("\n") == 1 and
                r.err.startswith("handset: ") and "; " in r.err, r)
    for words in (["people", "x"], ["out-of-office", "show"]):
        s.equal("a command of a later version ends with 2: %s" % words[0], h.run(*words).status, 2)


def first_contact(s, x, h):
    r = h.run("--json", "account", "add", ALICE, "--server", x.url, "--ca", x.ca, "--password-file", s.path("wrong", "no"), "--accept-policy",
              "--pin-file", h.pin)
    s.equal("a wrong password ends with 3", r.status, 3)
    s.check("--json tells the error", r.objects and {"domain", "code", "message", "advice"} <= set(r.objects[-1].get("error", {})), r)
    r = h.run("account", "add", ALICE, "--server", x.url, "--ca", x.ca, "--password-file", h.password, "--pin-file", h.pin)
    s.equal("a policy that nobody accepts ends with 5", r.status, 5)
    s.equal("a failed account add leaves nothing behind", h.run("--json", "account", "list").objects, [])
    r = h.add(x)
    if not s.equal("account add ends with 0", (r.status, r.err if r.status else ""), (0, "")):
        print(r)
        sys.exit(1)
    s.equal("account list names it", [a.get("account", a.get("email")) for a in h.run("--json", "account", "list").objects], [ALICE])
    s.equal("the home is 0700", stat.S_IMODE(os.stat(h.home).st_mode), 0o700)
    rough = h.run("account", "add", ALICE, "--server", x.url, "--ca", x.ca, "--password-file", h.password, "--accept-policy")
    s.check("adding it twice is refused", rough.status != 0, rough)


def mailbox(s, x, h):
    r = h.run("--json", "sync")
    s.equal("sync ends with 0", r.status, 0)
    total = r.objects[-1] if r.objects else {}
    s.check("sync --json has the counters", {"account", "added", "changed", "deleted", "sent", "parked", "requests", "bytes_in",
                                             "bytes_out"} <= set(total), total)
    folders = h.run("--json", "folders").objects
    s.check("folders --json has its keys", folders and all(FOLDER_KEYS <= set(f) for f in folders), folders)
    inbox = [f for f in folders if f["type"] == "inbox"]
    s.equal("one Inbox with 60 mails", [f["items"] for f in inbox], [60])
    mails = h.run("--json", "list", inbox[0]["name"]).objects
    s.equal("list --json has all of them", len(mails), 60)
    s.check("list --json has its keys", all(EMAIL_KEYS <= set(m) for m in mails), mails[:1])
    s.check("times are ISO 8601 with Z", all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", m["received"]) for m in mails), mails[:1])
    s.equal("newest first", [m["received"] for m in mails], sorted((m["received"] for m in mails), reverse=True))
    s.equal("--limit", len(h.run("--json", "list", "Inbox", "--limit", 7).objects), 7)
    s.equal("without --limit people see 50", sum(1 for line in h.run("list", "Inbox").out.splitlines() if re.match(r"\s*\W*\d+\b", line)), 50)
    theirs = {i["server_id"] for i in x.command("contents " + ALICE)["items"] if i["folder"] == inbox[0]["server_id"]}
    s.equal("the server's set", {m["server_id"] for m in mails}, theirs)
    unread = h.run("--json", "list", "Inbox", "--unread").objects
    s.check("--unread", unread and all(not m["read"] for m in unread), unread[:1])
    s.equal("an unknown folder ends with 2", h.run("list", "Nowhere").status, 2)
    s.equal("an unknown id ends with 2", h.run("show", 999999).status, 2)
    before, theirs = h.run("--json", "status").objects[0], x.command("stats")
    s.equal("nothing new: sync ends with 0", h.run("sync").status, 0)
    after, now = h.run("--json", "status").objects[0], x.command("stats")
    for ours, server in (("wire_bytes_out", "bytes_in"), ("wire_bytes_in", "bytes_out"), ("connections", "connections"),
                         ("handshakes_full", "handshakes_full"), ("handshakes_resumed", "handshakes_resumed")):
        s.equal("status counts what the server's sockets count: " + ours, after[ours] - before[ours], now[server] - theirs[server])
    s.equal("a new process resumes its TLS session", after["handshakes_full"], before["handshakes_full"])
    kinds = ("sync", "ping", "folders", "policy", "message", "other")
    s.equal("requests by kind add up", after["requests"], sum(after["requests_" + kind] for kind in kinds))
    s.check("wakes and round trips are counted", after["wakes"] > before["wakes"] and after["round_trips"] > before["round_trips"], after)
    text = h.run("status").out
    s.check("people see them", "full handshakes" in text and "round trips" in text and "wakes" in text, text)
    return inbox[0], mails


def one_mail(s, x, h, inbox, mails):
    mail = next(m for m in mails if not m["read"])
    r = h.run("body", mail["id"])
    s.check("body prints something", r.status == 0 and r.out.strip(), r)
    s.equal("show ends with 0", h.run("show", mail["id"]).status, 0)
    shown = h.run("--json", "show", mail["id"]).objects
    s.check("show --json is the object of list", len(shown) == 1 and EMAIL_KEYS <= set(shown[0]), shown)
    s.equal("mark ends with 0", h.run("mark", mail["id"], "read").status, 0)
    s.equal("mark flag ends with 0", h.run("mark", mail["id"], "flag").status, 0)
    s.equal("sync sends it", h.run("sync").status, 0)
    now = next(m for m in h.run("--json", "list", "Inbox").objects if m["id"] == mail["id"])
    s.equal("and it is read and flagged here", (now["read"], now["flagged"]), (True, True))
    other = Handset(s, "second")
    s.equal("a second phone", other.add(x).status, 0)
    s.equal("syncs", other.run("sync").status, 0)
    there = [m for m in other.run("--json", "list", "Inbox").objects if m["server_id"] == mail["server_id"]]
    s.equal("and sees it read and flagged", [(m["read"], m["flagged"]) for m in there], [(True, True)])
    s.equal("the queue is empty", h.run("--json", "queue").objects, [])
    x.command("remove %s 3" % ALICE)
    x.command("edit %s 2" % ALICE)
    r = h.run("--json", "sync")
    s.check("removals and edits of the server arrive", r.status == 0 and r.objects[-1]["deleted"] == 3, r)
    s.equal("57 are left", len(h.run("--json", "list", inbox["name"]).objects), 57)


def changes_of_mails(s, x, h):
    def listed(folder):
        return {m["id"]: m for m in h.run("--json", "list", folder).objects}
    before = listed("Inbox")
    first, second, third = list(before)[:3]
    s.equal("move ends with 0", h.run("move", first, "Projects").status, 0)
    s.check("a moved mail is listed there at once", first in listed("Projects") and first not in listed("Inbox"))
    s.equal("delete ends with 0", h.run("delete", second).status, 0)
    s.equal("delete --for-good ends with 0", h.run("delete", third, "--for-good").status, 0)
    s.check("deleted mails are not listed", not {second, third} & set(listed("Inbox")))
    s.equal("an item that is deleted is unknown", h.run("mark", second, "read").status, 2)
    fourth = next(iter(listed("Inbox")))
    s.equal("mark category ends with 0", h.run("mark", fourth, "category", "Größe").status, 0)
    s.equal("list shows categories", listed("Inbox")[fourth]["categories"], ["Größe"])
    s.equal("queue lists what waits", sorted(c["what"] for c in h.run("--json", "queue").objects),
            ["category", "delete", "delete for good", "move"])
    s.equal("sync sends them", h.run("sync").status, 0)
    s.equal("the queue is empty again", h.run("--json", "queue").objects, [])
    deleted = h.run("--json", "list", "Deleted Items").objects
    s.equal("one is among the deleted", [m["subject"] for m in deleted], [before[second]["subject"]])
    theirs = {i["server_id"] for i in x.command("contents " + ALICE)["items"]}
    ours = {m["server_id"] for f in ("Inbox", "Projects", "Deleted Items") for m in listed(f).values()}
    s.check("the server has the same", ours <= theirs and before[third]["server_id"] not in theirs)
    s.check("the moved mail kept its number", first in listed("Projects"))
    s.equal("back again", [h.run("move", first, "Inbox").status, h.run("sync").status], [0, 0])
    s.equal("mark uncategory", [h.run("mark", fourth, "uncategory", "Größe").status, h.run("sync").status], [0, 0])
    s.equal("a folder of another kind ends with 2", h.run("move", first, "Calendar").status, 2)


def personal(s, x, h):
    def listed(folder):
        return {i["id"]: i for i in h.run("--json", "list", folder).objects}

    def added(*words):
        r = h.run("--json", *words)
        s.equal("%s %s ends with 0" % words[:2], (r.status, r.err), (0, ""))
        return r.objects[0]["id"] if r.objects else 0

    event = added("event", "add", "--subject", "Besprechung", "--start", "2026-12-07T09:00", "--end", "2026-12-07T10:30",
                  "--zone", "Europe/Berlin", "--location", "Raum 4", "--repeat", "FREQ=WEEKLY;BYDAY=MO;COUNT=4", "--body", "Notizen")
    holiday = added("event", "add", "--subject", "Urlaub", "--start", "2026-12-24", "--end", "2026-12-27", "--all-day")
    contact = added("contact", "add", "--name", "Ada King Lovelace", "--email", "ada@example.test", "--phone", "+44 1")
    task = added("task", "add", "--subject", "Aufräumen", "--due", "2026-12-01", "--importance", "high")
    note = added("note", "add", "--subject", "Zettel", "--body", "Inhalt")
    shown = listed("Calendar")
    s.check("an event is listed at once with its keys", {"subject", "start", "end", "all_day", "location", "recurring", "organizer"}
            <= set(shown[event]), shown)
    s.equal("its times are UTC", (shown[event]["start"], shown[event]["end"]), ("2026-12-07T08:00:00Z", "2026-12-07T09:30:00Z"))
    s.equal("whole days", (shown[holiday]["start"], shown[holiday]["end"], shown[holiday]["all_day"]),
            ("2026-12-24T00:00:00Z", "2026-12-27T00:00:00Z", True))
    s.equal("a contact's keys", [listed("Contacts")[contact][k] for k in ("name", "email", "phone")],
            ["Ada King Lovelace", "ada@example.test", "+44 1"])
    s.equal("a task's keys", [listed("Tasks")[task][k] for k in ("subject", "complete")], ["Aufräumen", False])
    s.equal("a note", listed("Notes")[note]["subject"], "Zettel")
    s.equal("queue names five", [c["what"] for c in h.run("--json", "queue").objects], ["add"] * 5)
    s.equal("sync sends them", h.run("sync").status, 0)
    s.equal("nothing waits", h.run("--json", "queue").objects, [])
    theirs = {i["server_id"] for i in x.command("contents " + ALICE)["items"]}
    s.check("the server has them", {listed(f)[i]["server_id"] for f, i in (("Calendar", event), ("Contacts", contact), ("Tasks", task),
                                                                          ("Notes", note))} <= theirs)
    s.equal("edit", h.run("event", "edit", event, "--location", "Raum 5").status, 0)
    s.equal("task done", h.run("task", "done", task).status, 0)
    s.equal("sync sends edits", h.run("sync").status, 0)
    whole = h.run("--json", "show", event).objects[0]
    s.equal("only that has changed", (whole["location"], whole["subject"], whole["body"]), ("Raum 5", "Besprechung", "Notizen"))
    s.equal("the pattern as it was said", whole["properties"]["Recurrence"],
            {"Type": "1", "Occurrences": "4", "Interval": "1", "DayOfWeek": "2"})
    with open(s.path("event.json"), "w", encoding="utf-8") as f:
        whole["subject"] = "Umbenannt"
        json.dump(whole, f)
    s.equal("--from-json", h.run("event", "edit", event, "--from-json", s.path("event.json")).status, 0)
    s.equal("what show printed can be changed and given back", listed("Calendar")[event]["subject"], "Umbenannt")
    s.equal("sync sends that too", h.run("sync").status, 0)
    s.equal("no conflicts", h.run("--json", "conflicts").objects, [])
    lost = []
    for _ in range(20):  # until the server changes one of the very items that are changed here
        s_ids = {"note": note, "contact": contact}
        h.run("note", "edit", note, "--subject", "Mein Zettel")
        h.run("contact", "edit", contact, "--name", "Mein Name")
        x.command("edit %s 40" % ALICE)
        h.run("sync")
        lost = h.run("--json", "conflicts").objects
        if lost:
            break
        h.run("note", "edit", note, "--subject", "Zettel")
        h.run("contact", "edit", contact, "--name", "Ada King Lovelace")
        h.run("sync")
    s.check("an edit that lost is listed", lost and lost[0]["what"] == "edit" and lost[0]["item"] in s_ids.values(), lost)
    s.equal("keep-mine", [h.run("conflicts", "keep-mine", c["change"]).status for c in lost], [0] * len(lost))
    s.equal("and it is sent", h.run("sync").status, 0)
    s.equal("nothing is left to decide", h.run("--json", "conflicts").objects, [])
    s.equal("the wrong kind ends with 2", h.run("note", "edit", event, "--subject", "x").status, 2)
    s.equal("no time ends with 2", h.run("event", "add", "--subject", "x").status, 2)
    s.equal("an impossible time ends with 2", h.run("event", "add", "--subject", "x", "--start", "tomorrow").status, 2)
    for kind, item in (("event", event), ("event", holiday), ("contact", contact), ("task", task), ("note", note)):
        s.equal("%s delete" % kind, h.run(kind, "delete", item, "--for-good").status, 0)
    s.equal("sync deletes them", h.run("sync").status, 0)
    s.check("and they are gone at the server", not {whole["server_id"]} & {i["server_id"] for i in x.command("contents " + ALICE)["items"]})


def folders(s, h):
    s.equal("deselect", h.run("folder", "deselect", "Inbox").status, 0)
    s.equal("its items are gone here", h.run("--json", "list", "Inbox").objects, [])
    s.equal("select", h.run("folder", "select", "Inbox").status, 0)
    s.equal("sync", h.run("sync").status, 0)
    s.equal("and they are back", len(h.run("--json", "list", "Inbox").objects), 55)


def settings(s, x, h):
    before = len(h.run("--json", "list", "Inbox").objects)
    s.equal("account set wants something to set", h.run("account", "set", ALICE).status, 2)
    s.equal("account set of nobody", h.run("account", "set", "nobody@example.test", "--days", "3").status, 2)
    s.equal("account set --days 3", h.run("account", "set", ALICE, "--days", "3").status, 0)
    r = h.run("--json", "sync")
    few = len(h.run("--json", "list", "Inbox").objects)
    s.check("older mails leave this phone, none is fetched again", r.status == 0 and 0 < few < before and r.objects[-1]["added"] == 0, r)
    s.equal("account set --days 0 --body-bytes 0", h.run("account", "set", ALICE, "--days", "0", "--body-bytes", "0").status, 0)
    r = h.run("--json", "sync")
    s.check("they are back, and only they", r.status == 0 and r.objects[-1]["added"] == before - few and
            len(h.run("--json", "list", "Inbox").objects) == before, r)
    s.equal("folder set wants something to set", h.run("folder", "set", "Inbox").status, 2)
    s.equal("folder set --days soon", h.run("folder", "set", "Inbox", "--days", "soon").status, 2)
    s.equal("folder set --days 3", h.run("folder", "set", "Inbox", "--days", "3").status, 0)
    s.equal("sync", h.run("sync").status, 0)
    s.equal("this folder alone has another window", len(h.run("--json", "list", "Inbox").objects), few)
    s.equal("folder set --days account", h.run("folder", "set", "Inbox", "--days", "account", "--body-bytes", "account").status, 0)
    s.equal("sync", h.run("sync").status, 0)
    s.equal("and now the account's again", len(h.run("--json", "list", "Inbox").objects), before)
    x.command("deliver %s Headers only" % ALICE)
    s.equal("sync", h.run("sync").status, 0)
    newest = h.run("--json", "list", "Inbox").objects[0]
    s.equal("headers only: the subject is there", newest["subject"], "Headers only")
    s.check("headers only: body fetches the rest", len(h.run("body", newest["id"]).out) > 20)
    x.command("remove %s 1" % ALICE)
    x.command("password %s another" % ALICE)
    s.equal("a password that was changed ends with 3", h.run("sync").status, 3)
    s.equal("account set --password-file", h.run("account", "set", ALICE, "--password-file", s.path("another", "another")).status, 0)
    s.equal("and all is well", h.run("sync").status, 0)
    x.command("password %s %s" % (ALICE, open(h.password).read().strip()))
    s.equal("back", h.run("account", "set", ALICE, "--password-file", h.password, "--body-bytes", "32768").status, 0)
    s.equal("in step", h.run("sync").status, 0)


def schedule(s):
    x = Exchange(s, "--mails", "3", "--policy", "none")
    h = Handset(s, "schedule")
    s.equal("schedule: account and sync", (h.add(x).status, h.run("sync").status), (0, 0))
    shown = h.run("--json", "schedule", "show")
    s.equal("schedule show", (shown.status, [(o["peak_mode"], o["off_peak_mode"], o["roaming"], o["now"]) for o in shown.objects]),
            (0, [("push", "push", "push", "push")]))
    r = h.run("--json", "schedule", "set", "--peak", "0-24", "--peak-mode", "30", "--off-peak-mode", "manual", "--roaming", "manual")
    s.equal("schedule set ends with 0", r.status, 0)
    r = h.run("--json", "schedule", "show").objects[0]
    s.equal("and is kept", (r["peak"], r["peak_mode"], r["off_peak_mode"], r["roaming"], r["now"]), ("0-24", "30", "manual", "manual", "30"))
    pings = x.command("stats")["requests"].get("Ping", 0)
    s.equal("at intervals: watch ends with 0", h.run("watch", "--for", "2").status, 0)
    s.equal("at intervals there is no Ping", x.command("stats")["requests"].get("Ping", 0), pings)
    s.equal("device roaming on", h.run("device", "roaming", "on").status, 0)
    s.equal("abroad by hand", h.run("--json", "schedule", "show").objects[0]["now"], "manual")
    h.run("device", "roaming", "off")
    s.equal("push again", h.run("schedule", "set", "--peak-mode", "push").status, 0)
    s.equal("device battery", h.run("device", "battery", "10").status, 0)
    s.equal("a low battery: a visit an hour", h.run("--json", "schedule", "show").objects[0]["now"], "60")
    h.run("device", "battery", "80")
    s.equal("no longer low", h.run("--json", "status").objects[0]["mode"], "push")
    text = h.run("schedule", "show").out
    s.check("people see it", "peak" in text and "manual" in text and "push" in text, text)
    for words in (["--peak", "8"], ["--peak-mode", "3"], ["--off-peak-mode", "often"], ["--roaming", "never"], []):
        s.equal("a schedule that makes no sense ends with 2: %s" % " ".join(words), h.run("schedule", "set", *words).status, 2)


def roaming(s):
    policy = s.path("roaming.json", '{"RequireManualSyncWhenRoaming":1}')
    x = Exchange(s, "--mails", "3", "--policy", policy)
    h = Handset(s, "roaming")
    s.equal("roaming: account and sync", (h.add(x).status, h.run("sync").status), (0, 0))
    s.equal("device roaming on", h.run("device", "roaming", "on").status, 0)
    before = x.command("stats")["requests"]
    s.equal("roaming: watch ends with 0", h.run("watch", "--for", "2").status, 0)
    s.equal("roaming: watch asks nothing of the server", x.command("stats")["requests"], before)
    x.command("deliver %s By hand" % ALICE)
    s.equal("roaming: sync by hand works", (h.run("sync").status, len(h.run("--json", "list", "Inbox").objects)), (0, 4))
    s.equal("device roaming off", h.run("device", "roaming", "off").status, 0)
    before = x.command("stats")["requests"].get("Ping", 0)
    s.equal("at home: watch", h.run("watch", "--for", "2").status, 0)
    s.check("at home: watch is in push", x.command("stats")["requests"].get("Ping", 0) > before)


def agenda(s):
    x = Exchange(s, "--mails", "1", "--events", "30", "--policy", "none", "--seed", "5")
    h = Handset(s, "agenda")
    s.equal("agenda: account and sync", (h.add(x).status, h.run("sync").status), (0, 0))
    events = h.run("--json", "list", "Calendar").objects
    r = h.run("--json", "list", "Calendar", "--from", "2000-01-01", "--to", "2100-01-01")
    seen = {}
    for o in r.objects:
        seen.setdefault(o["id"], []).append(o["start"])
    s.check("agenda: every event once, every series many times", r.status == 0 and set(seen) == {e["id"] for e in events} and
            all((len(seen[e["id"]]) > 1) == e["recurring"] and e["start"] in seen[e["id"]] for e in events), r)
    s.check("agenda: in order", [o["start"] for o in r.objects] == sorted(o["start"] for o in r.objects))
    one = next(e for e in events if e["recurring"])
    later = seen[one["id"]][5]
    r = h.run("--json", "list", "Calendar", "--from", later, "--to", later[:17] + "59Z")
    s.check("agenda: a moment has what begins in it", [o["start"] for o in r.objects if o["id"] == one["id"]] == [later], r)
    s.equal("agenda: only a calendar has one", h.run("list", "Inbox", "--from", "2026-01-01", "--to", "2026-02-01").status, 2)
    s.equal("agenda: no time ends with 2", h.run("list", "Calendar", "--from", "soon", "--to", "2026-02-01").status, 2)


def push(s, x, h):
    w = h.start("--json", "watch", "--for", "60")
    time.sleep(3)
    x.command("deliver %s Pushed über alles" % ALICE)
    delivered, seen, deadline = time.monotonic(), None, time.monotonic() + 20
    while seen is None and time.monotonic() < deadline:
        try:
            when, line = w.lines.next(deadline - time.monotonic())
        except TimeoutError:
            break
        if line is None:
            break
        event = json.loads(line)
        if event.get("event") == "added" and event.get("item", {}).get("subject") == "Pushed über alles":
            seen = when
    s.check("watch prints a pushed mail within 5 s", seen is not None and seen - delivered < 5, seen and seen - delivered)
    r = h.run("--json", "list", "Inbox", "--limit", 1)
    s.equal("list works while watch runs", [m["subject"] for m in r.objects], ["Pushed über alles"])
    s.equal("mark too", h.run("mark", r.objects[0]["id"] if r.objects else 0, "read").status, 0)
    s.equal("Ctrl-C ends watch with 0", interrupt(w), 0)


def parts_of_the_device(s):
    """Radios, battery, storage card and programs, and what a policy closes of them."""
    strict = s.path("parts.json", json.dumps({
        "AllowWiFi": 0, "RequireStorageCardEncryption": 1, "UnapprovedInROMApplicationList": ["Solitaire"],
        "ApprovedApplicationList": ["da39a3ee5e6b4b0d3255bfef95601890afd80709"]}))
    x = Exchange(s, "--mails", "2", "--policy", "none")
    h = Handset(s, "parts")
    s.equal("parts: account", h.add(x).status, 0)
    s.equal("device radio bluetooth off", h.run("device", "radio", "bluetooth", "off").status, 0)
    s.equal("device battery 15", h.run("device", "battery", "15").status, 0)
    s.equal("device card in", h.run("device", "card", "in").status, 0)
    note = s.path("note.txt", "canary-on-the-card")
    s.equal("device card put", h.run("device", "card", "put", note).status, 0)
    s.equal("a program starts", h.run("device", "program", "Solitaire").status, 0)
    state = h.run("--json", "device", "status").objects[0]
    s.equal("device status tells the parts", (state["battery"], state["card"], state["radios"]),
            (15, True, {"wifi": True, "bluetooth": False, "irda": True}))
    x.command("policy %s %s" % (ALICE, strict))
    s.equal("parts: a stricter policy comes", h.run("sync").status, 0)
    states = {o["setting"]: o["state"] for o in h.run("--json", "policy").objects}
    s.equal("parts: each is enforced", states, dict.fromkeys(states, "enforced"))
    s.check("parts: all four are there", {"AllowWiFi", "RequireStorageCardEncryption", "UnapprovedInROMApplicationList",
                                          "ApprovedApplicationList"} <= set(states), states)
    s.equal("acknowledged in full", [d["policy_status"] for d in x.command("stats")["devices"]], [1])
    s.equal("a radio that the policy forbids ends with 5", h.run("device", "radio", "wifi", "on").status, 5)
    s.equal("a program on the list ends with 5", h.run("device", "program", "Solitaire").status, 5)
    s.equal("an approved one starts", h.run("device", "program", "x", "--sha1", "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709").status, 0)
    s.equal("another one ends with 5", h.run("device", "program", "x", "--sha1", "0" * 40).status, 5)
    held = b"".join(open(os.path.join(d, f), "rb").read() for d, _, fs in os.walk(os.path.join(h.home, "card")) for f in fs)
    s.check("what lay openly on the card is sealed", held and b"canary" not in held, held)
    s.equal("and is read here", h.run("device", "card", "show", "note.txt").out, "canary-on-the-card")
    s.equal("device card out", h.run("device", "card", "out").status, 0)
    s.equal("nothing is on a card that is out", h.run("device", "card", "show", "note.txt").status, 2)
    x.command("policy %s %s" % (ALICE, s.path("loose.json", '{"AllowWiFi":1}')))
    s.equal("parts: a loose policy comes", h.run("sync").status, 0)
    s.equal("parts: and everything is as it was", [h.run("device", *w).status for w in (("program", "Solitaire"), ("radio", "wifi", "on"))],
            [0, 0])
    s.equal("to allow is not to switch on", h.run("--json", "device", "status").objects[0]["radios"],
            {"wifi": True, "bluetooth": False, "irda": True})
    s.equal("no radio of that name", h.run("device", "radio", "tv", "on").status, 2)
    s.equal("on another port they are the machine's", h.run("--hal", "absent", "--home", h.home + "-absent", "device", "card", "in").status, 2)


def recovery(s):
    """A forgotten PIN: the server shows a password that opens once."""
    policy = s.path("recovery.json", '{"DevicePasswordEnabled":1,"MinDevicePasswordLength":4,"PasswordRecoveryEnabled":1,'
                                     '"MaxDevicePasswordFailedAttempts":8}')
    x = Exchange(s, "--mails", "2", "--policy", policy)
    h = Handset(s, "recovery")
    s.equal("recovery: account", h.add(x).status, 0)
    first = x.command("recovery %s" % ALICE)["recovery"]
    s.check("the server keeps a recovery password", len(first) == 1 and re.fullmatch(r"(\w{4}-){3}\w{4}", first[0]), first)
    s.equal("device status tells it", h.run("--json", "device", "status").objects[0]["recoverable"], True)
    s.equal("sync gives no other", (h.run("sync").status, x.command("recovery %s" % ALICE)["recovery"]), (0, first))
    h.run("device", "lock")
    new = s.path("new-pin", "8264")
    wrong = h.run("device", "recover", "--recovery-file", s.path("wrong-recovery", "AAAA-BBBB-CCCC-DDDD"), "--pin-file", new)
    s.check("a wrong one ends with 5 and is counted", wrong.status == 5 and "7" in wrong.err, wrong)
    right = s.path("right-recovery", first[0].lower())
    trace = s.path("recovery.trace")
    r = h.run("--trace", trace, "device", "recover", "--recovery-file", right, "--pin-file", new)
    s.equal("the right one opens", (r.status, r.err), (0, ""))
    s.equal("the phone is unlocked", h.run("--json", "device", "status").objects[0]["locked"], False)
    s.equal("it opens once", h.run("device", "recover", "--recovery-file", right, "--pin-file", new).status, 5)
    s.equal("sync gives another", h.run("--trace", trace, "sync").status, 0)
    second = x.command("recovery %s" % ALICE)["recovery"]
    s.check("which is a new one", len(second) == 1 and second != first, (first, second))
    traced = open(trace).read()
    s.check("a trace masks it", "DevicePassword" in traced and second[0] not in traced, traced[-2000:])
    h.run("device", "lock")
    s.equal("the new PIN opens", h.run("device", "unlock", "--pin-file", new).status, 0)
    x.command("policy %s %s" % (ALICE, s.path("no-recovery.json", '{"DevicePasswordEnabled":1,"MinDevicePasswordLength":4}')))
    h.run("sync")
    none = h.run("device", "recover", "--recovery-file", s.path("second-recovery", second[0]), "--pin-file", h.pin)
    s.equal("a policy that forbids it takes it away", none.status, 5)
    s.equal("the server saw nothing wrong", x.command("stats")["violations"], [])


def policy_and_lock(s, x, h):
    p = h.run("--json", "policy")
    s.check("policy --json has its keys", p.status == 0 and p.objects and all(
        {"setting", "value", "account", "state"} <= set(o) and o["state"] in ("enforced", "partial", "absent", "not_fitted", "engine")
        for o in p.objects), p)
    s.equal("device lock", h.run("device", "lock").status, 0)
    r = h.run("list", "Inbox")
    s.check("locked: list ends with 5 and names device unlock", r.status == 5 and "device unlock" in r.err, r)
    s.equal("locked: sync works", h.run("sync").status, 0)
    s.equal("locked: status works", h.run("status").status, 0)
    s.equal("a wrong PIN ends with 5", h.run("device", "unlock", "--pin-file", s.path("bad-pin", "0000")).status, 5)
    s.equal("the right one with 0", h.run("device", "unlock", "--pin-file", h.pin).status, 0)
    s.equal("unlocked: list works", h.run("list", "Inbox").status, 0)
    s.equal("reboot", h.run("device", "reboot").status, 0)
    s.equal("after a reboot the phone is locked", h.run("list", "Inbox").status, 5)
    s.equal("unlock", h.run("device", "unlock", "--pin-file", h.pin).status, 0)
    r = h.run("device", "check")
    s.check("device check", r.status == 0 and r.out.strip(), r)
    s.equal("device clock wants a number", h.run("device", "clock", "soon").status, 2)
    s.equal("ten minutes pass", h.run("device", "clock", "+600").status, 0)
    s.equal("device touch", h.run("device", "touch").status, 0)
    s.equal("ten more", h.run("device", "clock", "+600").status, 0)
    s.equal("touched in time: not locked", h.run("list", "Inbox").status, 0)
    s.equal("sixteen minutes", h.run("device", "clock", "+960").status, 0)
    s.equal("nobody touched it: locked", h.run("list", "Inbox").status, 5)
    s.equal("a locked phone is not kept awake", h.run("device", "touch").status, 5)
    bad = s.path("bad-pin", "0000")
    left = h.run("--json", "device", "status").objects[0]["tries_left"]
    for _ in range(20):
        if left <= 2:
            break
        r = h.run("device", "unlock", "--pin-file", bad)
        if "wait" in r.err:
            s.equal("a pause passes", h.run("device", "clock", "+31").status, 0)
        left = h.run("--json", "device", "status").objects[0]["tries_left"]
    s.equal("two tries are left", left, 2)
    r = h.run("device", "unlock", "--pin-file", bad)
    s.check("before the last ones a codeword is wanted and the try is not counted", r.status == 5 and "a1b2c3" in r.err and
            h.run("--json", "device", "status").objects[0]["tries_left"] == 2, r)
    s.equal("the time of a pause", h.run("device", "clock", "+31").status, 0)
    s.equal("unlocked again, with the codeword", h.run("device", "unlock", "--pin-file", h.pin, "--codeword", "A1B2C3").status, 0)
    full = x.command("stats")["handshakes_full"]
    s.equal("sync", h.run("sync").status, 0)
    s.equal("and again", h.run("sync").status, 0)
    s.equal("a new process resumes the TLS session of the last one", x.command("stats")["handshakes_full"], full)


def quiet_ends(s, h):
    p = subprocess.run("%s | head -1" % " ".join(h.words(["--json", "list", "Inbox"])), shell=True, capture_output=True, text=True, timeout=30)
    s.check("list | head ends quietly", p.stdout.count("\n") == 1 and p.stderr == "", p)
    trace = s.path("trace.xml")
    s.equal("--trace", h.run("--trace", trace, "sync").status, 0)
    text = open(trace, encoding="utf-8").read() if os.path.exists(trace) else ""
    s.check("the trace is 0600, has XML and no secret", "<Sync" in text and stat.S_IMODE(os.stat(trace).st_mode) == 0o600 and
            "correct" not in text and "Y29ycmVjd" not in text and "Basic " + "YW" not in text, text[:300])
    everything = b"".join(open(os.path.join(d, f), "rb").read() for d, _, fs in os.walk(h.home) for f in fs
                          if stat.S_ISREG(os.lstat(os.path.join(d, f)).st_mode))
    s.check("the password is not in the home in plain text", programs.PASSWORD.encode() not in everything)


def wipe(s, x):
    h = Handset(s, "wiped")
    s.equal("another phone", h.add(x, email="bob@example.test").status, 0)
    s.equal("syncs", h.run("sync").status, 0)
    x.command("wipe bob@example.test")
    r = h.run("sync")
    s.equal("a remote wipe: sync ends with 7", r.status, 7)
    s.equal("and stays so", h.run("list", "Inbox").status, 7)
    left = [os.path.join(d, f) for d, _, fs in os.walk(h.home) for f in fs
            if stat.S_ISREG(os.lstat(os.path.join(d, f)).st_mode) and b"bob@example" in open(os.path.join(d, f), "rb").read()]
    s.equal("nothing in the home names the account", left, [])
    states = [d for d in x.command("stats")["devices"] if d["user"].startswith("bob")]
    s.check("the server has the acknowledgement", states and states[0]["wipe"] == "done", states)
    before = states[0]["id"] if states else None
    s.equal("device new", h.run("device", "new").status, 0)
    x.command("allow bob@example.test")
    h.wire = s.path("renewed.wire.jsonl")  # another device, another identity
    s.wire_logs.append(h.wire)
    s.equal("a new phone in the same home", h.add(x, email="bob@example.test").status, 0)
    ids = {d["id"] for d in x.command("stats")["devices"] if d["user"].startswith("bob")}
    s.check("has another device id", ids - {before}, ids)
    s.equal("device wipe ends with 0", h.run("device", "wipe").status, 0)
    s.equal("a wiped phone stays wiped", [h.run(*words).status for words in (["list", "Inbox"], ["sync"], ["device", "wipe"])], [7, 7, 7])
    left = [f for d, _, fs in os.walk(h.home) for f in fs
            if stat.S_ISREG(os.lstat(os.path.join(d, f)).st_mode) and b"bob@example" in open(os.path.join(d, f), "rb").read()]
    s.equal("nothing of it is left either", left, [])


def autodiscover(s, x):
    h = Handset(s, "found")
    h.options = ["--connect-to", "example.test:443:127.0.0.1:%d" % x.port, "--connect-to", "autodiscover.example.test:443:127.0.0.1:%d" % x.port]
    r = h.add(x, server=False)
    s.check("account add finds the server by itself", r.status == 0, r)
    s.equal("and syncs", h.run("sync").status, 0)
    s.equal("account remove", h.run("account", "remove", ALICE).status, 0)
    s.equal("and nothing is left", h.run("--json", "account", "list").objects, [])


def conversations(s):
    """Without ids of the server's (before 14.0) a conversation is what has the same topic."""
    x = Exchange(s, "--mails", 0, "--versions", "12.1", "--policy", "none", "--seed", 9)
    h = Handset(s, "conversations")
    s.equal("conversations: account add", h.add(x).status, 0)
    for subject in ("Plan", "Lunch", "Re: Plan", "Else", "AW: RE: plan"):
        x.command("deliver %s %s" % (ALICE, subject))
        h.run("device", "clock", "+60")
    s.equal("conversations: sync", h.run("sync").status, 0)
    mails = h.run("--json", "list", "Inbox", "--by-conversation").objects
    plan = [m for m in mails if "plan" in m["subject"].lower()]
    s.equal("a conversation stands together", sorted(mails.index(m) for m in plan), list(range(mails.index(plan[0]), mails.index(plan[0]) + 3)))
    s.equal("counts its mails and what is unread", [(m["conversation_mails"], m["conversation_unread"]) for m in plan], [(3, 3)] * 3)
    s.equal("mark", h.run("mark", plan[0]["id"], "read").status, 0)
    r = h.run("list", "Inbox", "--by-conversation")
    s.check("people see both", "3 mails, 2 unread" in r.out, r)
    r = h.run("conversation", plan[0]["id"], "ignore")
    s.equal("before 14.0 it is not moved as a whole", (r.status, len(h.run("--json", "list", "Inbox").objects)), (6, 5))


def whole_conversations(s):
    x = Exchange(s, "--mails", 1, "--versions", "16.1", "--policy", "none", "--seed", 10)
    h = Handset(s, "ignored")
    s.equal("whole conversations: account add", h.add(x).status, 0)

    def subjects(folder):
        return sorted(m["subject"] for m in h.run("--json", "list", folder).objects)

    def first(folder, subject):
        return next(m["id"] for m in h.run("--json", "list", folder).objects if m["subject"] == subject)

    for subject in ("Plan", "Re: Plan", "Lunch", "Re: Lunch"):
        x.command("deliver %s %s" % (ALICE, subject))
    s.equal("whole conversations: sync", h.run("sync").status, 0)
    r = h.run("--json", "conversation", first("Inbox", "Re: Plan"), "ignore")
    s.check("ignored", r.status == 0 and r.objects[0]["ignored"] and r.objects[0]["change"], r)
    s.equal("at once", subjects("Deleted Items"), ["Plan", "Re: Plan"])
    r = h.run("conversation", first("Inbox", "Lunch"), "always-move", "Projects")
    s.check("always moved, people read it", r.status == 0 and "Projects from now on" in r.out, r)
    s.equal("also at once", subjects("Projects"), ["Lunch", "Re: Lunch"])
    s.equal("both wait as one change each", [q["what"] for q in h.run("--json", "queue").objects], ["always move"] * 2)
    s.equal("told", h.run("sync").status, 0)
    s.equal("nothing waits", h.run("--json", "queue").objects, [])
    for subject in ("Re: Plan", "Re: Lunch", "Else"):
        x.command("deliver %s %s" % (ALICE, subject))
    s.equal("what comes later is in sync", h.run("sync").status, 0)
    s.equal("and where it belongs", (subjects("Deleted Items"), subjects("Projects")),
            (["Plan", "Re: Plan", "Re: Plan"], ["Lunch", "Re: Lunch", "Re: Lunch"]))
    s.check("other mails stay in the Inbox", "Else" in subjects("Inbox") and len(subjects("Inbox")) == 2)
    x.command("fault ItemOperations:status:156")
    kept = first("Inbox", "Else")
    s.equal("one that the server does not take", h.run("conversation", kept, "always-move", "Projects").status, 0)
    r = h.run("sync")
    s.check("is parked, and says why", r.status == 8, r)
    s.check("it is back", "Else" in subjects("Inbox"))
    r = h.run("queue")
    s.check("with its reason", "does not move a conversation" in r.out, r)
    x.command("faults off")
    number = h.run("--json", "queue").objects[0]["change"]
    s.equal("queue retry", h.run("queue", "retry", number).status, 0)
    s.equal("and it goes", (h.run("sync").status, "Else" in subjects("Projects")), (0, True))
    for wrong in (["ignore", "Projects"], ["always-move"], ["always-move", "Calendar"], ["always-move", "Drafts"], ["stop"]):
        s.equal("refused here: " + " ".join(wrong), h.run("conversation", kept, *wrong).status, 2)
    s.equal("the server saw no violation", x.command("stats")["violations"], [])


with Suite("cli") as suite:
    usage(suite)
    server = Exchange(suite, "--mails", "60", "--seed", "7", users=(ALICE, "bob@example.test"))
    phone = Handset(suite)
    first_contact(suite, server, phone)
    the_inbox, the_mails = mailbox(suite, server, phone)
    one_mail(suite, server, phone, the_inbox, the_mails)
    changes_of_mails(suite, server, phone)
    personal(suite, server, phone)
    folders(suite, phone)
    settings(suite, server, phone)
    push(suite, server, phone)
    policy_and_lock(suite, server, phone)
    quiet_ends(suite, phone)
    autodiscover(suite, server)
    wipe(suite, server)
    agenda(suite)
    roaming(suite)
    parts_of_the_device(suite)
    recovery(suite)
    schedule(suite)
    conversations(suite)
    whole_conversations(suite)
    suite.equal("the server saw no violation but the wrong passwords", len(server.command("stats")["violations"]), 2)
    suite.equal("the server ends with 0", server.quit(), 0)
