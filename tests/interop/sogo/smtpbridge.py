#!/usr/bin/python3
"""SMTP in, LMTP out: the mail server of the SOGo set-up.

smtpbridge.py SMTP_ADDR LMTP_ADDR USERS_FILE OUTBOX_DIR

Recipients with a mailbox (first field of USERS_FILE, domain ignored) are handed
to Dovecot by LMTP at once; mail for anybody else is kept as a file in OUTBOX_DIR.
A recipient whose local part starts with "reject" is refused with 550, one that
starts with "defer" with 451: that is how a failing SendMail is provoked.
"""
import os
import socketserver
import smtplib
import sys
import time


def addr(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


SMTP, LMTP = addr(sys.argv[1]), addr(sys.argv[2])
USERS, OUTBOX = sys.argv[3], sys.argv[4]
count = 0


def local(rcpt):
    name = rcpt.split("@")[0].lower()
    with open(USERS) as f:
        return name in {line.split(":")[0] for line in f}


def path_of(line):
    """FROM:<a@b> SIZE=1 -> a@b"""
    text = line.split(":", 1)[1].strip()
    if text.startswith("<"):
        return text[1:text.index(">")]
    return text.split()[0]


class Session(socketserver.StreamRequestHandler):
    timeout = 300

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        sender, rcpts = None, []
        self.say("220 localhost ESMTP")
        while True:
            raw = self.rfile.readline(65536)
            if not raw:
                return
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            verb = line.split(" ")[0].split(":")[0].upper()
            if verb == "EHLO":
                self.say("250-localhost")
                self.say("250-8BITMIME")
                self.say("250-SMTPUTF8")
                self.say("250 SIZE 67108864")
            elif verb in ("HELO", "NOOP"):
                self.say("250 localhost")
            elif verb == "RSET":
                sender, rcpts = None, []
                self.say("250 ok")
            elif verb == "MAIL":
                sender, rcpts = path_of(line), []
                self.say("250 ok")
            elif verb == "RCPT":
                rcpt = path_of(line)
                if rcpt.lower().startswith("reject"):
                    self.say("550 5.1.1 no such mailbox")
                elif rcpt.lower().startswith("defer"):
                    self.say("451 4.3.0 try again later")
                else:
                    rcpts.append(rcpt)
                    self.say("250 ok")
            elif verb == "DATA":
                if not rcpts:
                    self.say("503 no recipients")
                    continue
                self.say("354 go ahead")
                data = []
                while True:
                    part = self.rfile.readline(1 << 20)
                    if not part or part in (b".\r\n", b".\n"):
                        break
                    data.append(part[1:] if part.startswith(b".") else part)
                self.say(self.deliver(sender, rcpts, b"".join(data)))
                sender, rcpts = None, []
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("502 not here")

    def deliver(self, sender, rcpts, data):
        global count
        here = [r for r in rcpts if local(r)]
        away = [r for r in rcpts if r not in here]
        try:
            if here:
                with smtplib.LMTP(*LMTP, timeout=60) as out:
                    out.sendmail(sender or "", here, data, ["BODY=8BITMIME"])
            for r in away:
                count += 1
                name = os.path.join(OUTBOX, "%d-%04d.eml" % (time.time(), count))
                with open(name, "wb") as f:
                    f.write(b"X-Envelope-From: %s\r\nX-Envelope-To: %s\r\n" % (sender.encode(), r.encode()) + data)
        except Exception as e:  # reported to the sender, who reports it to the client
            print("failed:", e, flush=True)
            return "451 4.3.0 " + str(e).replace("\n", " ")[:200]
        print("delivered", sender, here, "kept", away, len(data), flush=True)
        return "250 2.0.0 delivered"


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


with Server(SMTP, Session) as s:
    s.serve_forever()
