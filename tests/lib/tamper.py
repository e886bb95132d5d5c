"""A man in the middle between handset and exchange that changes answers. Its own authority; the handset is given that one to trust."""
import http.client
import http.server
import ssl
import threading

from authority import Authority


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        self.cut = None  # close the connection after so many bytes of the body, although Content-Length promises all


class Tamper:
    """`change(command, answer)` may alter the answer in place; it is called for every answer with the request's Cmd."""

    def __init__(self, suite, exchange):
        self.change, self.requests = None, []
        authority = Authority(suite, "tamper")
        self.ca = authority.pem
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def forward(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                command = self.command if "Cmd=" not in self.path else self.path.split("Cmd=")[1].split("&")[0]
                if self.command == "POST" and "?" in self.path and "Cmd=" not in self.path:
                    command = binary_command(self.path.split("?", 1)[1])
                outer.requests.append(command)
                # Without gzip upstream: what is changed is to be readable.
                headers = {k: v for k, v in self.headers.items() if k.lower() not in ("accept-encoding", "connection")}
                upstream = http.client.HTTPSConnection("localhost", exchange.port, timeout=600,
                                                       context=ssl.create_default_context(cafile=exchange.ca))
                try:
                    upstream.request(self.command, self.path, body or None, headers)
                    r = upstream.getresponse()
                    keep = [(k, v) for k, v in r.getheaders() if k.lower() not in ("content-length", "transfer-encoding", "connection")]
                    answer = Answer(r.status, keep, r.read())
                except (OSError, http.client.HTTPException):
                    self.close_connection = True
                    return
                finally:
                    upstream.close()
                if outer.change:
                    outer.change(command, answer)
                self.send_response_only(answer.status)
                for name, value in answer.headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                try:
                    self.wfile.write(answer.body if answer.cut is None else answer.body[:answer.cut])
                except OSError:
                    pass
                if answer.cut is not None:
                    self.close_connection = True

            do_GET = do_POST = do_OPTIONS = forward

            def log_message(self, *_):
                pass

        class Tls(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def finish_request(self, request, address):
                try:
                    self.RequestHandlerClass(context.wrap_socket(request, server_side=True), address, self)
                except (ssl.SSLError, OSError):
                    pass

            def handle_error(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.leaf("tamper-leaf", "localhost"))
        server = Tls(("127.0.0.1", 0), Handler)
        self.port = server.server_address[1]
        self.url = "https://localhost:%d/Microsoft-Server-ActiveSync" % self.port
        threading.Thread(target=server.serve_forever, daemon=True).start()


def binary_command(query):
    import base64
    names = {0: "Sync", 9: "FolderSync", 17: "Settings", 18: "Ping", 19: "ItemOperations", 20: "Provision"}
    try:
        return names.get(base64.b64decode(query)[1], "other")
    except (ValueError, IndexError):
        return "other"
