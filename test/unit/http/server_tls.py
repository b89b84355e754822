#!/usr/bin/python3 -Wignore::DeprecationWarning
"""TLS: certificates made here, ALPN, renewal: server_tls.py SERVED [CASE…]. Prints TAP."""
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time

from lib import SERVED, Client, Served, case, curl, main, wait_for


class Pair:
    """A certificate for localhost that signs itself, its common name tells it from others."""

    def __init__(self, folder, name):
        self.cert, self.key, self.name = f"{folder}/{name}.pem", f"{folder}/{name}.key", name
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-nodes", "-keyout", self.key, "-out", self.cert, "-days", "2", "-subj", f"/CN={name}",
                        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                       check=True, stderr=subprocess.DEVNULL)

    def trusted(self, alpn=("http/1.1",)):
        context = ssl.create_default_context(cafile=self.cert)
        context.set_alpn_protocols(list(alpn))
        return context


def name_of(client):
    return dict(x[0] for x in client.socket.getpeercert()["subject"])["commonName"]


def shown(s, *pairs):
    """The name in the certificate that a new connection sees."""
    for p in pairs:
        try:
            return name_of(Client(s, p.trusted()))
        except ssl.SSLCertVerificationError:
            pass
    return None


class Folder:
    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="kolcast-tls-")
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path)


@case
def https():
    with Folder() as f:
        p = Pair(f, "first")
        with Served(cert=p.cert, key=p.key) as s:
            c = Client(s, p.trusted())
            assert c.socket.version() == "TLSv1.3" and c.socket.selected_alpn_protocol() == "http/1.1"
            a = c.get("/api/echo")
            assert a.json()["secure"] and a["strict-transport-security"] == "max-age=31536000"
            assert len(c.get("/api/big/5000000").body) == 5_000_000
            body = os.urandom(3_000_000)
            assert c.ask("POST", "/api/upload", body=body).json()["size"] == 3_000_000
            # More than is kept while a reply is on its way: the rest is read later.
            c.send(b"GET /api/slow/100 HTTP/1.1\r\nHost: a\r\n\r\n" +
                   b"GET /inline HTTP/1.1\r\nHost: a\r\n\r\n" * 3000)
            assert c.answer().body == b"slow"
            assert all(c.answer().body == b"hello" for _ in range(3000))
            for version in ("--http1.1", "--http2"):
                status, said, spoken, err = curl(s, "--cacert", p.cert, version, "/api/hello", scheme="https")
                assert (status, said) == (200, b"hello"), err
                assert spoken == ("1.1" if version == "--http1.1" else "2")
                status, got, _, err = curl(s, "--cacert", p.cert, version, "/api/big/5000000", scheme="https")
                assert status == 200 and len(got) == 5_000_000, err
                with open(f + "/body", "wb") as b:
                    b.write(body)
                status, got, _, err = curl(s, "--cacert", p.cert, version, "-X", "POST", "-T", f + "/body",
                                           "/api/upload", scheme="https")
                assert status == 201 and b'"size":3000000' in got, err


@case
def old_and_broken_clients():
    with Folder() as f:
        p = Pair(f, "first")
        with Served(cert=p.cert, key=p.key, head=500) as s:
            old = p.trusted()
            old.maximum_version = ssl.TLSVersion.TLSv1_2
            old.set_ciphers("ECDHE+AESGCM")
            assert Client(s, old).get("/inline").status == 200
            for change in (lambda x: setattr(x, "maximum_version", ssl.TLSVersion.TLSv1_1),
                           lambda x: (setattr(x, "maximum_version", ssl.TLSVersion.TLSv1_2),
                                      x.set_ciphers("AES128-SHA:ECDHE-ECDSA-AES128-SHA"))):
                x = p.trusted()
                x.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
                change(x)
                try:
                    Client(s, x)
                    raise AssertionError("weak TLS was taken")
                except (ssl.SSLError, ConnectionError):
                    pass
            try:
                Client(s, p.trusted(["imap"]))
                raise AssertionError("a strange protocol was taken")
            except (ssl.SSLError, ConnectionError):
                pass
            plain = Client(s)
            plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            while plain.more():
                pass
            assert b"400 Bad Request" in plain.data and b"HTTPS" in plain.data
            junk, silent = Client(s), Client(s)
            junk.send(os.urandom(400))
            assert junk.ended() or junk.data  # an alert
            assert silent.ended()
            assert Client(s, p.trusted()).get("/inline").status == 200


@case
def renewal():
    """New connections see the new certificate, old connections live on; a pair of which only half
    has been replaced so far is not used."""
    with Folder() as f:
        one, two = Pair(f, "one"), Pair(f, "two")
        cert, key = f + "/live.pem", f + "/live.key"
        shutil.copy(one.cert, cert)
        shutil.copy(one.key, key)
        with Served(cert=cert, key=key, watch=50) as s:
            kept = Client(s, one.trusted())
            assert kept.get("/inline").status == 200 and shown(s, one, two) == "one"
            shutil.copy(two.cert, cert)
            wait_for(lambda: "not usable" in s.log(), "the server to look at half a pair")
            assert shown(s, one, two) == "one"
            shutil.copy(two.key, key)
            wait_for(lambda: shown(s, one, two) == "two", "the new certificate")
            assert kept.get("/inline").status == 200
            os.rename(one.cert, cert)  # as certbot does it: another file under the name
            os.rename(one.key, key)
            one.cert = cert
            wait_for(lambda: shown(s, one, two) == "one", "the first certificate again")
            os.unlink(cert)
            time.sleep(0.3)
            assert kept.get("/inline").status == 200
            shutil.copy(two.cert, cert)
            shutil.copy(two.key, key)
            s.say("reload")
            wait_for(lambda: shown(s, two) == "two", "a reload")


@case
def bad_pairs():
    with Folder() as f:
        one, two = Pair(f, "one"), Pair(f, "two")
        for options, words in (({"cert": one.cert, "key": two.key}, "pair"),
                               ({"cert": one.key, "key": one.key}, "PEM"),
                               ({"cert": f + "/none", "key": one.key}, "none"),
                               ({"cert": one.cert}, "missing")):
            r = subprocess.run([SERVED, f"spool={f}"] + [f"{k}={v}" for k, v in options.items()],
                               stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
            assert r.returncode == 1 and words in r.stderr, r.stderr


@case
def stop_and_stalls():
    with Folder() as f:
        p = Pair(f, "first")
        with Served(cert=p.cert, key=p.key, stall=500) as s:
            reader = Client(s, p.trusted(), receive_buffer=4096)
            reader.send("GET /api/big/30000000 HTTP/1.1\r\nHost: a\r\n\r\n")
            other = Client(s, p.trusted())
            wait_for(lambda: other.get("/api/stats").json()["lost"] == 1, "the end of the reader")
            raw, third = socket.create_connection(("127.0.0.1", s.port)), Client(s, p.trusted())
            other.send("GET /api/slow/1000 HTTP/1.1\r\nHost: a\r\n\r\n")
            wait_for(lambda: third.get("/api/stats").json()["slow"] == 1, "the slow request")
            s.say("stop 10000")
            assert other.answer().body == b"slow"
            other.close()
            assert s.stop() == 0
            raw.close()


main()
