"""fetch_page against hostile addresses and pages: real sockets, in a network where all the world is a trap."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

LAB = Path(__file__).with_name("ssrf_lab.py")
LAMBDA = Path(__file__).parents[3] / "lambda_src"
ALONE = ["unshare", "--map-root-user", "--net"]
PUBLIC = "93.184.216.34"
PAGE = "https://docs.example.org/page"

NOT_PUBLIC = [
    *("127.0.0.1", "127.1.2.3", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.254", "172.16.0.1", "172.31.255.1"),
    *("192.168.0.1", "100.64.0.1", "169.254.0.1", "169.254.169.254", "169.254.170.2", "169.254.170.23"),
    *("192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1"),
    *("255.255.255.255", "168.63.129.16", "192.88.99.1"),
    *(
        "::",
        "::1",
        "fe80::1",
        "fec0::1",
        "fc00::1",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "ff02::1",
        "100::1",
        "2001:db8::1",
    ),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::10.0.0.1"),
    *("::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::10.0.0.1"),
    *("2002:7f00:1::", "2002:a9fe:a9fe::", "2001::1", "2001:0:7f00:1::", "3fff::1", "5f00::1"),
]
"""Addresses that a name of the allowed domain might answer with."""

WRITTEN_OTHERWISE = [
    *("https://127.0.0.1/", "https://localhost/", "https://169.254.169.254/latest/meta-data/", "https://[::1]/"),
    *(
        "https://[::ffff:7f00:1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[fe80::1%25lo]/",
    ),
    *("https://[fe80::1%lo]/", "https://[::1%25docs.example.org]/", "https://[0:0:0:0:0:0:0:1]/", "https://[::]/"),
    *("https://0177.0.0.1/", "https://0x7f.0.0.1/", "https://0x7f000001/", "https://2130706433/", "https://127.1/"),
    *("https://017700000001/", "https://0/", "https://127.0.0.1.nip.io/", "https://0xa9fea9fe/", "https://2852039166/"),
    *(
        "https://\uff11\uff12\uff17.\uff10.\uff10.\uff11/",
        "https://127。0。0。1/",
        "https://ⓛocalhost/",
        "https://①②⑦.0.0.1/",
    ),
    *("https://docs.example.org@127.0.0.1/", "https://user:word@docs.example.org/", "https://@docs.example.org/"),
    *(
        "https://127.0.0.1#@docs.example.org/",
        "https://127.0.0.1?@docs.example.org/",
        "https://127.0.0.1/docs.example.org",
    ),
    *("https://127.0.0.1\\@docs.example.org/", "https://docs.example.org\\@127.0.0.1/", "https:\\\\127.0.0.1/"),
    *("https://docs.example.org:8443/", "https://docs.example.org:80/", "https://docs.example.org:22/"),
    *("https://docs.example.org:9001/2018-06-01/runtime/invocation/next", "https://docs.example.org:443:80/"),
    *("http://docs.example.org/", "http://127.0.0.1:9001/", "ftp://docs.example.org/", "file:///etc/passwd"),
    *(
        "gopher://docs.example.org/",
        "dict://127.0.0.1:11211/",
        "data:text/html,x",
        "javascript:alert(1)",
        "//127.0.0.1/",
    ),
    *("docs.example.org", "/etc/passwd", "", "https://", "https:///", "https://./", "https://../"),
    *("https://docs.example.org./", "https://docs.example.org.evil.test/", "https://evil-example.org/"),
    *("https://example.org.evil.test/", "https://evilexample.org/", "https://docs.example.org%2f@evil.test/"),
    *(
        "https://docs.example.org%00.evil.test/",
        "https://docs。example。org.evil.test/",
        "https://evil.test/docs.example.org",
    ),
    *(
        "https://docs.example.org evil.test/",
        "https://docs.example.org\t.evil.test/",
        "https://docs.example.org\r\nHost: x/",
    ),
    *(f"https://docs.example.org/{'x' * 2000}", "https://[docs.example.org]/", "https://docs.example.org:443x/"),
]
"""Addresses that a model might be talked into."""

REDIRECTED_TO = [
    *("https://127.0.0.1/", "http://docs.example.org/", "https://169.254.169.254/latest/meta-data/", "//127.0.0.1/"),
    *(
        "https://[::1]/",
        "https://2130706433/",
        "https://other.test/",
        "https://docs.example.org:8443/",
        "file:///etc/passwd",
    ),
    *(
        "https://user@docs.example.org/",
        "https://inside.example.org/",
        "gopher://127.0.0.1/",
        "https://docs.example.org./",
    ),
]


def cases() -> dict[str, dict[str, Any]]:
    """Name -> what the lab is asked."""
    by_name = {f"answers {a}": {"url": PAGE, "names": {"docs.example.org": [[a]]}} for a in NOT_PUBLIC}
    mixed = {
        f"answers {a} too": {"url": PAGE, "names": {"docs.example.org": [[PUBLIC, a]]}}
        for a in ("127.0.0.1", "fd00::1")
    }
    rebinding = {
        f"answers {a} later": {"url": PAGE, "names": {"docs.example.org": [[PUBLIC], [a]]}}
        for a in ("127.0.0.1", "169.254.169.254", "::1")
    }
    everywhere = [["127.0.0.1"]]
    names = dict.fromkeys(("localhost", "127.0.0.1.nip.io", "evil.test", "docs.example.org.evil.test"), everywhere)
    written = {f"written {url!r}": {"url": url, "names": names} for url in WRITTEN_OTHERWISE}
    inside = {"inside.example.org": [["10.0.0.1"]], "other.test": [[PUBLIC]]}
    hops = {
        f"redirects {status} to {to}": {
            "url": f"https://docs.example.org/redirect?status={status}&to={to}",
            "names": inside,
        }
        for to in REDIRECTED_TO
        for status in (301, 302, 303, 307, 308)
    }
    return {**by_name, **mixed, **rebinding, **written, **hops}


PAGES: dict[str, dict[str, Any]] = {
    "good": {"url": PAGE},
    "good after a redirect": {"url": "https://docs.example.org/redirect?to=https://example.org/there"},
    "huge": {"url": "https://docs.example.org/huge"},
    "bomb": {"url": "https://docs.example.org/bomb"},
    "endless": {"url": "https://docs.example.org/endless", "seconds": 1},
    "headers without end": {"url": "https://docs.example.org/headers", "seconds": 1},
    "dies": {"url": "https://docs.example.org/dies"},
    "pdf": {"url": "https://docs.example.org/type?of=application/pdf"},
    "no type": {"url": "https://docs.example.org/type"},
    "circle": {"url": "https://docs.example.org/circle"},
    "robots": {"url": "https://closed.example.org/private"},
    "robots elsewhere": {"url": "https://closed.example.org/open"},
    "robots after a redirect": {"url": "https://docs.example.org/redirect?to=https://closed.example.org/private"},
    "robots broken": {"url": "https://broken.example.org/"},
    "nobody": {"url": "https://nobody.example.org/"},
}


def lab(asked: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The answers of one namespace, by name."""
    if (
        not shutil.which("unshare")
        or not shutil.which("ip")
        or subprocess.run([*ALONE, "true"], check=False).returncode
    ):
        pytest.skip("needs unshare and ip (Linux, util-linux and iproute2) and the right to make a network namespace")
    done = subprocess.run(
        [*ALONE, sys.executable, LAB],
        input=json.dumps(list(asked.values())), capture_output=True, text=True, check=False, timeout=120,
        env={"PYTHONPATH": str(LAMBDA), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HTTPS_PROXY": "http://127.0.0.1:8080"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(zip(asked, json.loads(done.stdout), strict=True))


@pytest.mark.slow
def test_no_address_of_the_corpus_is_connected_to():
    answers = lab({**cases(), "the trap itself": {"url": "127.0.0.1", "unguarded": True}})
    trap = answers.pop("the trap itself")
    assert (trap["opened"], trap["seen"]) == (1, ["127.0.0.1:443"]), "what is opened is seen"
    assert len(answers) == 190
    assert not {name: answer for name, answer in answers.items() if not answer.get("refused")}
    elsewhere = {name: answer["seen"] for name, answer in answers.items() if set(answer["seen"]) - {f"{PUBLIC}:443"}}
    assert not elsewhere
    for name, answer in answers.items():  # a redirecting site is asked for its robots.txt and its page
        allowed = 2 if name.startswith("redirects") else 1 if "later" in name else 0
        assert answer["opened"] == allowed, name


@pytest.fixture(scope="module")
def pages() -> dict[str, dict[str, Any]]:
    return lab(PAGES)


def test_a_page_is_read_as_a_reader_sees_it(pages):
    [[title, url, text]] = pages["good"]["read"]
    assert (title, url) == ("Lambda & durable", PAGE)
    assert "A completed call is “kept” once." in text
    assert "first" in text
    assert not [word for word in ("Home", "imprint", "Ignore", "And these", "evil") if word in text]
    assert pages["good after a redirect"]["read"][0][1] == "https://example.org/there"
    assert "read" in pages["robots elsewhere"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("huge", "2000000 bytes at most"),
        ("bomb", "2000000 bytes at most"),
        ("endless", "within 1 seconds"),
        ("headers without end", "within 1 seconds"),
        ("dies", "could not be read"),
        ("pdf", "must be HTML or plain text, got application/pdf"),
        ("no type", "got no content type"),
        ("circle", "5 times at most"),
        ("robots", "robots.txt does not allow"),
        ("robots after a redirect", "robots.txt does not allow"),
        ("robots broken", "robots.txt answered with 503"),
        ("nobody", "could not be read"),
    ],
)
def test_fails_when_a_page_is_not_to_be_had(pages, name, told):
    assert told in pages[name]["refused"]
