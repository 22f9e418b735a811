"""Deliveries are genuine by an HMAC over their raw bytes, in the variants that platforms use; the vectors are the platforms' own."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import replace

import pytest

from scoring.sources.signatures import (
    DigestCode,
    HashName,
    SignatureScheme,
    SignatureSchemeError,
    SignatureVerdict,
    check_scheme,
    sign,
    verify,
)

GENUINE, BAD = SignatureVerdict.GENUINE, SignatureVerdict.BAD_SIGNATURE
NOW_S = 1_764_300_000.0
BODY = '{"id": 1, "名": "é"}'.encode()
PLAIN = SignatureScheme("X-Signature")


def test_github_s_documented_example_is_genuine() -> None:
    scheme = SignatureScheme("X-Hub-Signature-256", prefix="sha256=")
    headers = {
        "X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    }
    assert verify(scheme, b"Hello, World!", headers, ["It's a Secret to Everybody"], NOW_S) is GENUINE
    assert verify(scheme, b"Hello, World?", headers, ["It's a Secret to Everybody"], NOW_S) is BAD


def test_the_example_of_standard_webhooks_is_genuine_among_several_signatures() -> None:
    scheme = SignatureScheme(
        "webhook-signature",
        code=DigestCode.BASE64,
        prefix="v1,",
        signed="{webhook-id}.{timestamp}.{body}",
        timestamp_header="webhook-timestamp",
        secret_code=DigestCode.BASE64,
    )
    signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": f"v1,{base64.b64encode(b'x' * 32).decode()} v2,other {signature}",
    }
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    assert verify(scheme, body, headers, [secret], 1614265330.0) is GENUINE
    assert verify(scheme, body, headers, [secret], 1614265330.0 + 301) is SignatureVerdict.STALE_TIMESTAMP
    assert verify(scheme, body, {**headers, "webhook-id": "other"}, [secret], 1614265330.0) is BAD


def test_stripe_s_form_has_time_and_signature_in_one_header() -> None:
    scheme = SignatureScheme("Stripe-Signature", prefix="v1=", signed="{timestamp}.{body}")
    made = hmac.new(b"whsec", b"1764300000." + BODY, hashlib.sha256).hexdigest()
    headers = {"Stripe-Signature": f"t=1764300000,v1={'0' * 64},v1={made},v0=1"}
    assert verify(scheme, BODY, headers, ["whsec"], NOW_S) is GENUINE
    without = {"Stripe-Signature": f"v1={made}"}
    assert verify(scheme, BODY, without, ["whsec"], NOW_S) is SignatureVerdict.NO_TIMESTAMP


@pytest.mark.parametrize(
    ("signed", "message"),
    [
        ("{url}|{body}", b"https://shop.example/v1/hooks/x/y|" + BODY),
        ("app-key{body}", b"app-key" + BODY),
        ("{path}{body}", b"/v1/hooks/x/y" + BODY),
        ("{X-Id}{body}{X-Id}", b"77" + BODY + b"77"),
    ],
)
def test_what_is_signed_besides_the_body_is_a_setting(signed: str, message: bytes) -> None:
    scheme = SignatureScheme("Authorization", signed=signed)
    headers = {"Authorization": hmac.new(b"key", message, hashlib.sha256).hexdigest(), "X-Id": "77"}
    assert verify(scheme, BODY, headers, ["key"], NOW_S, "https://shop.example/v1/hooks/x/y") is GENUINE


@pytest.mark.parametrize("hash_name", HashName)
@pytest.mark.parametrize("code", [DigestCode.HEX, DigestCode.BASE64])
def test_what_sign_makes_verify_takes_with_each_hash_and_encoding(
    hash_name: HashName, code: DigestCode
) -> None:
    scheme = replace(PLAIN, hash_name=hash_name, code=code, prefix="p=")
    headers = {"X-Signature": sign(scheme, BODY, {}, "secret")}
    assert verify(scheme, BODY, headers, ["secret"], NOW_S) is GENUINE
    assert verify(scheme, BODY + b" ", headers, ["secret"], NOW_S) is BAD


def test_while_a_secret_is_being_replaced_both_are_good_and_a_third_is_not() -> None:
    for secret, verdict in (("new", GENUINE), ("old", GENUINE), ("third", BAD)):
        headers = {"X-Signature": sign(PLAIN, BODY, {}, secret)}
        assert verify(PLAIN, BODY, headers, ["new", "old"], NOW_S) is verdict


def test_upper_case_hex_is_the_same_signature() -> None:
    headers = {"X-Signature": sign(PLAIN, BODY, {}, "secret").upper()}
    assert verify(PLAIN, BODY, headers, ["secret"], NOW_S) is GENUINE


@pytest.mark.parametrize("given", ["", "   ", "sha256=", "é", "zz", "=", "t=1", ","])
def test_a_header_without_a_signature_is_not_a_signature(given: str) -> None:
    assert verify(PLAIN, BODY, {"X-Signature": given}, ["s"], NOW_S) is SignatureVerdict.NO_SIGNATURE


def test_an_empty_secret_signs_nothing() -> None:
    made = hmac.new(b"", BODY, hashlib.sha256).hexdigest()
    for secrets in ([""], [" "], []):
        assert verify(PLAIN, BODY, {"X-Signature": made}, secrets, NOW_S) is BAD


def test_a_timestamp_in_milliseconds_is_read_as_one() -> None:
    scheme = replace(PLAIN, signed="{timestamp}{body}", timestamp_header="X-Time")
    headers = {"X-Time": "1764300000123"}
    headers["X-Signature"] = sign(scheme, BODY, headers, "s")
    assert verify(scheme, BODY, headers, ["s"], NOW_S) is GENUINE
    assert verify(scheme, BODY, headers, ["s"], NOW_S - 400) is SignatureVerdict.STALE_TIMESTAMP


@pytest.mark.parametrize(
    "scheme",
    [
        replace(PLAIN, signed="{timestamp}"),
        replace(PLAIN, signed="{body}{body}"),
        replace(PLAIN, timestamp_header="X-Time"),
        replace(PLAIN, code=DigestCode.TEXT),
    ],
)
def test_a_scheme_that_proves_nothing_is_rejected(scheme: SignatureScheme) -> None:
    with pytest.raises(SignatureSchemeError):
        check_scheme(scheme)
