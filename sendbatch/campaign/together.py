"""What JSON Schema can say of keys that stand together: the other half of `combinations` and `merging`.

Each function gives what stands beside the keys of one mapping, and refuses nothing that reading takes.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from sendbatch.campaign.providers import presets
from sendbatch.campaign.written.schemas import any_case

Schema: TypeAlias = dict[str, Any]  # JSON

_TAG = r"(\{\{.*?\}\}|\{%.*?%\})"
_A_TEMPLATE = r"\{[{%#]"
# The address in `from`: whatever stands in the last angle brackets, else all of it.
_CHOSEN = rf"(^|<)([^<>{{]|{_TAG})*{_TAG}([^<>{{]|{_TAG})*(>\s*$|$)"
_FIXED = r"(<[^<>{}]*>\s*$|^[^<>{}]*$)"
_LOOPBACK = r"^\s*([^\s]+\.)?[Ll][Oo][Cc][Aa][Ll][Hh][Oo][Ss][Tt]\.?\s*$|^\s*127\.|:"
_PASSWORDS = ("password", "password_command", "keyring")
_CERTIFICATES = ("ca", "fingerprint", "server_name")


def campaign() -> Schema:
    """Whoever may be in `from` is written down where rows choose, and only there."""
    return {
        "allOf": [
            _where({"from": {"pattern": _CHOSEN}}, {"required": ["senders"]}),
            _where({"from": {"pattern": _FIXED}}, _without("senders")),
        ]
    }


def templates() -> Schema:
    return {
        **_one_of_them("html", "text", "markdown"),
        "not": {"required": ["html", "markdown"]},
        "dependencies": {"layout": ["markdown"]},
    }


def unsubscribe() -> Schema:
    https = rf"^({{|{any_case(['https'])}://)"
    return {
        **_one_of_them("url", "mailto"),
        "dependencies": {"sign": ["url"]},
        **_where(
            {"one_click": {"const": True}},
            {"required": ["url"], "properties": {"url": {"pattern": https}}},
        ),
    }


def dkim() -> Schema:
    return {"oneOf": [{"required": ["key"]}, {"required": ["key_file"]}]}


def notify() -> Schema:
    """A template is for the shape of that name."""
    another = {"pattern": f"^({any_case(['slack', 'teams', 'mattermost', 'discord', 'json'])})$"}
    own = {"pattern": f"^({any_case(['template'])})$"}
    return {
        "dependencies": {"type": ["template"]},
        "allOf": [
            _where({"shape": another}, _without("template", "type")),
            _where({"shape": own}, {"required": ["template"]}),
        ],
    }


def attachment() -> Schema:
    """What everybody gets is missing for nobody or for all."""
    refuse = {"properties": {"missing": {"pattern": f"^{any_case(['refuse'])}$"}}}
    return _where({"file": {"not": {"pattern": _A_TEMPLATE}}}, refuse)


def profile() -> Schema:
    from sendbatch.campaign.merging import (
        WELL_KNOWN,
    )  # it reads by the tables that these words are for

    without_host = [name for name, preset in presets().items() if preset.host is None]
    elsewhere = {"not": {"pattern": _LOOPBACK}}
    is_plain = {"pattern": f"^{any_case(['none'])}$"}
    return {
        **_one_of_them("host", "provider"),
        "dependencies": {
            **{key: ["username"] for key in _PASSWORDS},
            "username": {"oneOf": [{"required": [key]} for key in _PASSWORDS]},
            "ca": _without("fingerprint"),
        },
        "allOf": [
            _where({"provider": {"enum": without_host}}, {"required": ["host"]}),
            _where({"security": is_plain}, _without(*_CERTIFICATES)),
            _where(
                {"security": is_plain, "host": elsewhere},
                {
                    "required": ["allow_plaintext"],
                    "properties": {"allow_plaintext": {"const": True}},
                },
            ),
            _where(
                {"port": {"not": {"enum": list(WELL_KNOWN)}}, "host": elsewhere},
                _one_of_them("security", "provider"),
            ),
        ],
    }


def _where(properties: Schema, then: Schema) -> Schema:
    """`then` holds where these keys are there and say so."""
    return {"if": {"required": list(properties), "properties": properties}, "then": then}


def _one_of_them(*keys: str) -> Schema:
    return {"anyOf": [{"required": [key]} for key in keys]}


def _without(*keys: str) -> Schema:
    return {"properties": dict.fromkeys(keys, False)}
