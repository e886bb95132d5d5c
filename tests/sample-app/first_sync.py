#!/usr/bin/python3
"""first_sync [MAILS]: a first sync, a mark on its way up, and one more mail, with whole bodies compared byte for byte.

Small enough for a handset in an emulator (HANDSYNC_HANDSET: tests/suites/target), against an exchange of this machine.
"""
import hashlib
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from programs import Exchange, Handset, Suite  # noqa: E402

ALICE = "alice@example.test"
MAILS = int(sys.argv[1]) if len(sys.argv) > 1 else 200


def inbox(x):
    folders = {}
    for i in x.command("contents " + ALICE)["items"]:
        folders.setdefault(i["folder"], {})[i["server_id"]] = i["digest"]
    return max(folders.values(), key=len)


with Suite("first_sync") as suite:
    exchange = Exchange(suite, "--mails", MAILS, "--seed", 6)
    phone = Handset(suite)
    suite.equal("account add ends with 0", phone.add(exchange, "--days", 0, "--body-bytes", "all", timeout=300).status, 0)
    done = phone.run("--json", "sync", timeout=600)
    suite.check("sync ends with 0", done.status == 0, done)
    mails = phone.run("--json", "list", "Inbox").objects
    want = inbox(exchange)
    suite.equal("all %d mails are here" % MAILS, sorted(m["server_id"] for m in mails), sorted(want))
    wrong = [m["id"] for m in mails[:25] if hashlib.sha256(phone.run("body", m["id"]).raw).hexdigest() != want.get(m["server_id"])]
    suite.equal("bodies are the server's, byte for byte", wrong, [])
    unread = next((m for m in mails if not m["read"]), mails[0])
    suite.equal("mark ends with 0", phone.run("mark", unread["id"], "read").status, 0)
    exchange.command("deliver " + ALICE)
    done = phone.run("--json", "sync", timeout=120)
    suite.check("a mark goes up and one more mail comes down", done.status == 0 and done.objects[-1]["added"] == 1 and done.objects[-1]["sent"] == 1, done)
