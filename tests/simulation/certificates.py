#!/usr/bin/python3
"""Servers with a certificate that must not be trusted: exit status 4, a sentence that helps, and no credential byte sent."""
import http.server
import os
import re
import ssl
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from authority import Authority, self_signed  # noqa: E402
from programs import Exchange, Handset, Suite  # noqa: E402

ALICE = "alice@example.test"


class Server:
    """Answers everything with 401 and keeps every request that came out of TLS."""

    def __init__(self, certificate):
        self.seen, self.connections, self.handshakes = [], 0, 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                outer.seen.append((self.requestline, dict(self.headers)))
                self.send_response(401)
                self.send_header("WWW-Authenticate", "Basic realm=x")
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST = do_OPTIONS = answer

            def log_message(self, *_):
                pass

        class Tls(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def finish_request(self, request, address):
                outer.connections += 1
                try:
                    wrapped = context.wrap_socket(request, server_side=True)
                except (ssl.SSLError, OSError):
                    return
                outer.handshakes += 1
                self.RequestHandlerClass(wrapped, address, self)

            def handle_error(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.server = Tls(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


with Suite("certificates") as suite:
    ours, other = Authority(suite, "ours"), Authority(suite, "other")
    self_pem, self_both = self_signed(suite, "self", "localhost")
    cases = {
        "wrong name": (ours.leaf("wrong", "elsewhere.test"), r"name|localhost"),
        "wildcard of another domain": (ours.leaf("wild", "*.elsewhere.test"), r"name|localhost"),
        "unknown CA": (other.leaf("unknown", "localhost"), r"trust|CA|authority|issuer"),
        "expired": (ours.leaf("expired", "localhost", "20200101000000Z", "20210101000000Z"), r"expired|date|clock|over"),
        "not yet valid": (ours.leaf("future", "localhost", "20480101000000Z", "20490101000000Z"), r"valid|date|clock"),
        "self-signed": (self_both, r"trust|CA|authority|issuer|self"),
    }
    for number, (name, (certificate, sentence)) in enumerate(cases.items()):
        server = Server(certificate)
        phone = Handset(suite, "phone%d" % number)
        suite.wire_logs.remove(phone.wire)
        r = phone.run("account", "add", ALICE, "--server", "https://localhost:%d/Microsoft-Server-ActiveSync" % server.port, "--ca", ours.pem,
                      "--password-file", phone.password, "--accept-policy", timeout=60)
        suite.equal("%s: exit status 4" % name, r.status, 4)
        suite.check("%s: one sentence that helps" % name, r.err.startswith("handset: ") and r.err.count("\n") == 1 and "; " in r.err and
                    re.search(sentence, r.err, re.I) and not re.search(r"-?0x[0-9a-f]+", r.err), r.err)
        suite.equal("%s: no request reached the server" % name, server.seen, [])
        suite.check("%s: it was connected to" % name, server.connections > 0, "no connection")
        suite.check("%s: no request was recorded" % name, phone.requests() == 0, open(phone.wire).read() if phone.requests() else "")
        # The same by Autodiscover: domain and autodiscover.domain both have the bad certificate.
        where = ["--connect-to", "example.test:443:127.0.0.1:%d" % server.port, "--connect-to", "autodiscover.example.test:443:127.0.0.1:%d" % server.port,
                 "--connect-to", "autodiscover.example.test:80:127.0.0.1:1"]
        phone.options = where
        r = phone.run("account", "add", ALICE, "--ca", ours.pem, "--password-file", phone.password, "--accept-policy", timeout=60)
        suite.equal("%s: Autodiscover ends with 4" % name, r.status, 4)
        suite.check("%s: Autodiscover sends no credential" % name, not any("Authorization" in h for _, h in server.seen), server.seen)
        suite.equal("%s: nothing is left behind" % name, phone.run("--json", "account", "list").objects, [])
    # The control: a certificate that is right gets the request, with the credentials (and answers 401: exit status 3).
    server = Server(ours.leaf("right", "localhost"))
    phone = Handset(suite, "control")
    r = phone.run("account", "add", ALICE, "--server", "https://localhost:%d/Microsoft-Server-ActiveSync" % server.port, "--ca", ours.pem,
                  "--password-file", phone.password, "--accept-policy", timeout=60)
    suite.equal("right certificate: credentials refused by the server end with 3", r.status, 3)
    suite.check("right certificate: the request arrived with credentials", any("Authorization" in h for _, h in server.seen), server.seen)
    # What the account's CA file holds is trusted, also a self-signed certificate of the server itself.
    server = Server(self_both)
    r = phone.run("account", "add", ALICE, "--server", "https://localhost:%d/Microsoft-Server-ActiveSync" % server.port, "--ca", self_pem,
                  "--password-file", phone.password, "--accept-policy", timeout=60)
    suite.equal("self-signed but given by --ca: trusted", (r.status, bool(server.seen)), (3, True))
    # A server that wants a client certificate: shown from the sealed copy in the home, also by later processes.
    devices = Authority(suite, "devices")
    mine, others = devices.leaf("mine", "phone7.test", usage="clientAuth"), other.leaf("others", "phone8.test", usage="clientAuth")
    server = Exchange(suite, "--mails", 3, "--client-ca", devices.pem)
    add = ["account", "add", ALICE, "--server", server.url, "--ca", server.ca, "--accept-policy"]
    phone = Handset(suite, "with-certificate")
    given = add + ["--password-file", phone.password, "--pin-file", phone.pin]
    suite.equal("no client certificate: exit status 4, and what is wanted", (lambda r: (r.status, "--client-cert" in r.err))(phone.run(*given)), (4, True))
    r = phone.run(*given, "--client-cert", others, "--client-key", others)
    suite.equal("a certificate of another authority: exit status 4", r.status, 4)
    r = phone.run(*given, "--client-cert", mine, "--client-key", others)
    suite.equal("a key that does not belong to it: exit status 2, nothing sent", (r.status, phone.run("--json", "account", "list").objects), (2, []))
    suite.equal("one without the other: exit status 2", phone.run(*given, "--client-cert", mine).status, 2)
    r = phone.run(*given, "--client-cert", mine, "--client-key", mine)
    suite.equal("its certificate: the account is added", (r.status, r.err), (0, ""))
    suite.equal("its certificate: another process syncs", (phone.run("sync").status, len(phone.run("--json", "list", "Inbox").objects)), (0, 3))
    kept = [os.path.join(folder, name) for folder, _, names in os.walk(phone.home) for name in names]
    secret = open(mine, "rb").read().split(b"PRIVATE KEY-----")[1][10:200]
    suite.check("its certificate: the key lies nowhere in the open", kept and not any(secret in open(name, "rb").read() for name in kept if os.path.isfile(name)))
    # Trust that somebody else wrote is none: neither that nor the system's roots are put in its place.
    name = [os.path.join(phone.home, name) for name in os.listdir(phone.home) if name.endswith(".trust")][0]
    sealed = open(name, "rb").read()
    for forged in (open(ours.pem, "rb").read(), b"", sealed[:-1] + bytes([sealed[-1] ^ 1])):
        open(name, "wb").write(forged)
        for tickets in [each for each in os.listdir(phone.home) if each.endswith(".tickets")]:
            os.remove(os.path.join(phone.home, tickets))
        before = phone.requests()
        suite.equal("trust of another's making: exit status 4, nothing sent", (phone.run("sync").status, phone.requests()), (4, before))
    open(name, "wb").write(sealed)
    suite.equal("its own again: it syncs", phone.run("sync").status, 0)
    suite.equal("its certificate: goes with the account", (phone.run("account", "remove", ALICE).status,
                [name for name in os.listdir(phone.home) if name.startswith("account-")]), (0, []))
