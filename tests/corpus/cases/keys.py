"""Rules of the campaign file."""

from __future__ import annotations

from sendbatch.findings import Rule

from ..case import Case, html, keys

URL = "https://example.com/u?m={{ email|urlencode }}"
HOST = "{host: smtp.example.com, port: 587, security: starttls}"

CASES: list[Case] = [
    Case(Rule.YAML_SYNTAX, keys(name="[spring"), keys(name="'spring'")),
    Case(Rule.DUPLICATE_KEY, keys("name: autumn\n"), keys("variables: {name_: autumn}\n")),
    Case(Rule.UNKNOWN_KEY, keys("subjct: x\n"), keys("preheader: x\n")),
    Case(Rule.MISSING_KEY, keys(subject=None), keys("run: ''\n")),
    Case(Rule.NO_VALUE, keys(name=""), keys("variables: {empty: ''}\n")),
    Case(Rule.WRONG_VALUE, keys("rate: fast\n"), keys("rate: 14/s\n")),
    Case(
        Rule.CONFLICTING_KEYS,
        keys(templates="{html: letter.html, markdown: letter.txt}"),
        keys(templates="{html: letter.html, text: letter.txt}"),
    ),
    Case(Rule.CUT_BY_COMMENT, keys(subject="Offer #1 for you"), keys(subject="'Offer #1 for you'")),
    Case(
        Rule.HEADER_TWICE, keys("headers: {X-A: x, x-a: y}\n"), keys("headers: {X-A: x, X-B: y}\n")
    ),
    Case(
        Rule.UNSUBSCRIBE_URL,
        keys("unsubscribe: {url: 'ftp://example.com/u'}\n"),
        keys(f"unsubscribe: {{url: '{URL}'}}\n"),
    ),
    Case(
        Rule.ONE_CLICK,
        keys("unsubscribe: {mailto: leave@example.com, one_click: true}\n"),
        keys(f"unsubscribe: {{url: '{URL}', one_click: true}}\n"),
    ),
    Case(
        Rule.UNKNOWN_PROFILE,
        keys(smtp="offcie") | {"profiles.yaml": f"profiles:\n  office: {HOST}\n"},
        keys(smtp="office") | {"profiles.yaml": f"profiles:\n  office: {HOST}\n"},
    ),
    Case(
        Rule.RESERVED_NAME,
        {"profiles.yaml": f"profiles:\n  sandbox: {HOST}\n"},
        {"profiles.yaml": f"profiles:\n  sandbox2: {HOST}\n"},
    ),
    Case(
        Rule.UNKNOWN_PROVIDER,
        keys(smtp="{provider: gmial, username: a, password: '${P}'}"),
        keys(smtp="{provider: gmail, username: a, password: '${P}'}"),
    ),
    Case(
        Rule.UNCLEAR_SECURITY,
        keys(smtp="{host: smtp.example.com, port: 2626}"),
        keys(smtp="{host: smtp.example.com, port: 2626, security: starttls}"),
    ),
    Case(
        Rule.PLAINTEXT,
        keys(smtp="{host: smtp.example.com, port: 25, security: none}"),
        keys(smtp="{host: localhost, port: 25, security: none}"),
    ),
    Case(
        Rule.UNCLEAR_DELIVERY,
        keys(smtp="{provider: mailpit, host: smtp.example.com}"),
        keys(
            smtp="{provider: mailpit, host: smtp.example.com, delivers: false, security: starttls}"
        ),
    ),
    Case(
        Rule.INCOMPLETE_LOGIN,
        keys(smtp=HOST.replace("}", ", username: a}")),
        keys(smtp=HOST.replace("}", ", username: a, password: '${P}'}")),
    ),
    Case(
        Rule.NO_CERTIFICATE,
        keys(smtp=HOST.replace("}", ", ca: people.csv}")),
        keys(smtp=HOST.replace("}", ", server_name: smtp.example.net}")),
    ),
    Case(
        Rule.FOREIGN_SIGNATURE,
        keys(smtp=HOST.replace("}", ", dkim: {domain: example.net, selector: s, key: '${K}'}}")),
        keys(smtp=HOST.replace("}", ", dkim: {domain: example.com, selector: s, key: '${K}'}}")),
    ),
    Case(
        Rule.MISSING_SIGNING_KEY,
        keys(
            smtp=HOST.replace("}", ", dkim: {domain: example.com, selector: s, key_file: k.pem}}")
        ),
        keys(smtp=HOST.replace("}", ", dkim: {domain: example.com, selector: s, key: '${K}'}}")),
    ),
    Case(
        Rule.UNUSED_IGNORE,
        keys("check: {ignore: broken-link}\n"),
        keys("check: {ignore: broken-link}\n") | html('<a href="foo">x</a>'),
    ),
]
