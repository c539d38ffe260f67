#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Stands in for the web service of Microsoft's HPC Pack: hpcpack_web.py CERTIFICATE KEY PORT_FILE.

The one in XML is at /WindowsHPC, the one in JSON at /hpc, over TLS with Basic authentication; the
scheduler behind both is hpcpack.py. Requests are written to `calls`, without their bodies.
"""

import base64
import json
import re
import ssl
import sys
import time
import xml.etree.ElementTree as ET
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

import hpcpack
from hpcpack import HOME, Refused

USER, PASSWORD = "LAB\\me", "s3cret & ümlaut"
COMMON = "http://schemas.microsoft.com/HPCS2008R2/common"
SERIALIZATION = "http://schemas.microsoft.com/2003/10/Serialization/"
VERSIONS = {"2011-11-01", "2012-11-01.4.0"}


class Xml:
    """/WindowsHPC"""

    base, types = "/WindowsHPC", {"text/xml", "application/xml; charset=utf-8"}
    job, task = r"/Job/(\d+)", r"/Job/(\d+)/Task/(\d+)"
    create, submit, cancel = "/Jobs/JobFile", r"/Submit", r"/Cancel"
    force = "Forced"
    done = 200

    @staticmethod
    def read_text(body):
        root = ET.fromstring(body)
        if root.tag != f"{{{SERIALIZATION}}}string":
            raise Refused(f"a string is expected, not {root.tag}")
        return root.text or ""

    @staticmethod
    def read_job(body):
        return body

    @staticmethod
    def read_properties(body):
        root = ET.fromstring(body)
        if root.tag != f"{{{COMMON}}}ArrayOfProperty":
            raise Refused(f"an ArrayOfProperty is expected, not {root.tag}")
        return {item.findtext(f"{{{COMMON}}}Name"): item.findtext(f"{{{COMMON}}}Value")
                for item in root.findall(f"{{{COMMON}}}Property")}

    @staticmethod
    def write_number(number):
        return f'<int xmlns="{SERIALIZATION}">{number}</int>'

    @staticmethod
    def write_properties(properties):
        items = "".join(f"<Property><Name>{name}</Name><Value>{escape(value)}</Value></Property>"
                        for name, value in properties.items())
        return f'<ArrayOfProperty xmlns="{COMMON}">{items}</ArrayOfProperty>'

    @staticmethod
    def write_fault(words, version):
        if version is None:
            return f'<string xmlns="{SERIALIZATION}">{escape(words)}</string>'
        return (f'<HpcWebServiceFault xmlns="{COMMON}"><Code>1</Code>'
                f"<Message>{escape(words)}</Message><Values/></HpcWebServiceFault>")


class Json:
    """/hpc"""

    base, types = "/hpc", {"application/json"}
    job, task = r"/jobs/(\d+)", r"/jobs/(\d+)/tasks/(\d+)"
    create, submit, cancel = "/jobs/jobFile", r"/submit", r"/cancel"
    force = "forced"
    done = 204

    @staticmethod
    def read_text(body):
        text = json.loads(body)
        if not isinstance(text, str):
            raise Refused("a string is expected")
        return text

    @staticmethod
    def read_job(body):
        return Json.read_text(body).encode()

    @staticmethod
    def read_properties(body):
        return {item["Name"]: item["Value"] for item in json.loads(body)}

    write_number = staticmethod(str)

    @staticmethod
    def write_properties(properties):
        return json.dumps([{"Name": name, "Value": value} for name, value in properties.items()])

    @staticmethod
    def write_fault(words, version):
        del version
        return json.dumps({"Code": 1, "Message": words})


def wait_while_paused():
    """With a file `pause` a job is created and not yet submitted, until it is gone."""
    if (HOME / "pause").exists():
        (HOME / "asked").touch()
    while (HOME / "pause").exists():
        time.sleep(0.02)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    dialect = Xml

    def answer(self, status, body, headers=()):
        data = body.encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass

    def allowed(self):
        word, _, rest = self.headers.get("Authorization", "").partition(" ")
        return word == "Basic" and base64.b64decode(rest).decode() == f"{USER}:{PASSWORD}"

    def serve(self, method):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        with hpcpack.locked(), open(HOME / "calls", "a") as calls:
            calls.write(f"{method} {self.path}\n")
        version = self.headers.get("api-version")
        if not self.allowed():
            return self.answer(401, "", [("WWW-Authenticate", 'Basic realm="HPC Pack"'),
                                         ("WWW-Authenticate", "NTLM")])
        try:
            if (HOME / "down").exists():
                raise Refused("The scheduler service is not running.", 503)
            status, text = self.dispatch(method, body, version)
        except Refused as refused:
            status, text = refused.code, self.dialect.write_fault(str(refused), version)
        except (ET.ParseError, json.JSONDecodeError, KeyError) as problem:
            status, text = 400, self.dialect.write_fault(f"The body is wrong: {problem}", version)
        return self.answer(status, text)

    def dispatch(self, method, body, version):
        url = urlsplit(self.path)
        self.dialect = d = Json if url.path.startswith(Json.base + "/") else Xml
        if not url.path.startswith(d.base + "/"):
            raise Refused("There is nothing here.", 404)
        if d is Xml and version is not None and version not in VERSIONS:
            raise Refused(f"The version {version} is not known.")
        if method == "POST" and self.headers.get("Content-Type") not in d.types:
            raise Refused("The type of the content is wrong.", 415)
        if "submit" in url.path.lower():
            wait_while_paused()
        path = url.path[len(d.base):]
        query = parse_qs(url.query)

        def matched(pattern):
            match = re.fullmatch(pattern, path)
            return match and [int(number) for number in match.groups()]

        with hpcpack.locked():
            if method == "GET" and (numbers := matched(d.job) or matched(d.task)):
                found = {name.replace(" ", ""): value
                         for name, value in hpcpack.view(*numbers).items()}
                return 200, d.write_properties(found)
            if method == "POST" and path == d.create:
                return 200, d.write_number(hpcpack.create(d.read_job(body)))
            if method == "POST" and (numbers := matched(d.job + d.submit)):
                self.submit(numbers[0], d.read_properties(body))
                return d.done, ""
            if method == "POST" and (numbers := matched(d.job + d.cancel)):
                hpcpack.cancel(numbers[0], self.forced(query), d.read_text(body))
                return d.done, ""
            if method == "POST" and (numbers := matched(d.task + d.cancel)):
                d.read_text(body)
                hpcpack.cancel_task(*numbers, self.forced(query))
                return d.done, ""
        raise Refused("There is nothing here.", 404)

    def forced(self, query):
        word = query.get(self.dialect.force, [""])
        if word not in (["true"], ["false"]):
            raise Refused(f"{self.dialect.force} is neither true nor false.")
        return word == ["true"]

    def submit(self, number, properties):
        if set(properties) - {"UserName", "Password"}:
            raise Refused(f"unknown properties: {sorted(properties)}")
        if (HOME / "nocreds").exists() and properties.get("Password") != PASSWORD:
            raise Refused("The credentials are not valid.", 403)
        hpcpack.submit(number)
        hpcpack.turn()

    def do_GET(self):
        self.serve("GET")

    def do_POST(self):
        self.serve("POST")


def main():
    certificate, key, port_file = sys.argv[1:]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    path = Path(port_file)
    path.with_suffix(".new").write_text(str(server.server_address[1]))
    path.with_suffix(".new").rename(path)
    server.serve_forever()


if __name__ == "__main__":
    main()
