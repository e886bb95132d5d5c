"""Certificate authorities and leaves for tests, made with openssl."""
import os
import subprocess


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=60)


class Authority:
    def __init__(self, suite, name):
        self.suite, self.key, self.pem = suite, suite.path(name + ".key"), suite.path(name + ".pem")
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", "30", "-subj", "/CN=" + name, "-keyout", self.key,
                "-out", self.pem, "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def leaf(self, name, host, start=None, end=None, usage="serverAuth"):
        """A certificate for one host and its key, in one file."""
        s = self.suite
        key, csr, out = s.path(name + ".key"), s.path(name + ".csr"), s.path(name + ".crt")
        extensions = s.path(name + ".ext", "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,keyEncipherment\n"
                            "extendedKeyUsage=%s\nsubjectAltName=DNS:%s\n" % (usage, host))
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=" + host, "-keyout", key, "-out", csr)
        if start:
            index, serial = s.path(name + ".index", ""), s.path(name + ".serial", "01\n")
            config = s.path(name + ".cnf", "[ca]\ndefault_ca=d\n[d]\ndatabase=%s\nserial=%s\nnew_certs_dir=%s\ndefault_md=sha256\npolicy=p\n"
                            "[p]\ncommonName=supplied\n" % (index, serial, s.folder))
            openssl("ca", "-batch", "-config", config, "-cert", self.pem, "-keyfile", self.key, "-in", csr, "-out", out, "-extfile", extensions,
                    "-notext", "-startdate", start, "-enddate", end)
        else:
            openssl("x509", "-req", "-in", csr, "-CA", self.pem, "-CAkey", self.key, "-set_serial", "0x" + os.urandom(8).hex(), "-days", "20",
                    "-sha256", "-out", out, "-extfile", extensions)
        return join(s, name + ".both", out, key)


def join(suite, name, *files):
    return suite.path(name, "".join(open(f).read() for f in files))


def self_signed(suite, name, host):
    """(certificate, certificate and key in one file)"""
    key, out = suite.path(name + ".key"), suite.path(name + ".crt")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", "20", "-subj", "/CN=" + host, "-keyout", key, "-out", out,
            "-addext", "subjectAltName=DNS:" + host)
    return out, join(suite, name + ".both", out, key)
