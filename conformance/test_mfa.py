"""Devices that show one-time codes, and what a session with such a code may do."""

import base64
import hashlib
import hmac
import struct
import time

from servers import Credentials
from session import behaviour, document, refused, statement, trust, unique

ALLOW_ALL = document(statement("Allow", "*"))
STEP = 30  # seconds that a code lasts


def code(seed: bytes, step: int) -> str:
    """Return the code of a step: RFC 6238 as authenticator apps do it."""
    digest = hmac.digest(base64.b32decode(seed), struct.pack(">Q", step), hashlib.sha1)
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at : at + 4]) & 0x7FFFFFFF) % 10**6:06}"


def now() -> int:
    """Return the present step; codes of the next two are taken as well."""
    return int(time.time()) // STEP


def new_device(aws) -> tuple[str, bytes]:
    """Create a device and return its serial number and seed."""
    made = aws.iam.create_virtual_mfa_device(VirtualMFADeviceName=unique("mfa"))["VirtualMFADevice"]
    return made["SerialNumber"], made["Base32StringSeed"]


def enable(aws, user: str) -> tuple[str, bytes, int]:
    """Give a user a device; the step returned is the last one whose code is used."""
    serial, seed = new_device(aws)
    step = now()
    codes = {"AuthenticationCode1": code(seed, step - 1), "AuthenticationCode2": code(seed, step)}
    aws.iam.enable_mfa_device(UserName=user, SerialNumber=serial, **codes)
    return serial, seed, step


@behaviour(
    "A virtual MFA device is named by ARN, and its seed is 64 characters of base 32",
    awsim="the seed is no base 32",
)
def test_device(aws):
    serial, seed = new_device(aws)
    assert serial.startswith(f"arn:aws:iam::{aws.account}:mfa/")
    assert len(seed) == 64
    assert serial in [d["SerialNumber"] for d in aws.iam.list_virtual_mfa_devices()["VirtualMFADevices"]]
    aws.iam.delete_virtual_mfa_device(SerialNumber=serial)
    assert serial not in [d["SerialNumber"] for d in aws.iam.list_virtual_mfa_devices()["VirtualMFADevices"]]


@behaviour(
    "Two codes, one after the other, give a device to a user",
    awsim="the seed is no base 32",
)
def test_enable(aws):
    user = aws.new_user()
    serial, _, _ = enable(aws, user)
    got = aws.iam.list_mfa_devices(UserName=user)["MFADevices"]
    assert [(d["UserName"], d["SerialNumber"]) for d in got] == [(user, serial)]
    assigned = aws.iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"]
    assert [d["User"]["UserName"] for d in assigned if d["SerialNumber"] == serial] == [user]


@behaviour(
    "GetMFADevice shows a device that a user has",
    moto="GetMFADevice is not implemented: 500",
    localemu="GetMFADevice is not implemented",
    awsim="the seed is no base 32",
)
def test_get(aws):
    user = aws.new_user()
    serial, _, _ = enable(aws, user)
    assert aws.iam.get_mfa_device(UserName=user, SerialNumber=serial)["UserName"] == user


@behaviour(
    "Codes that are wrong, or do not follow each other, are InvalidAuthenticationCode",
    moto="any code is taken",
    localemu="any code is taken",
    awsim="the seed is no base 32",
)
def test_wrong_codes(aws):
    user = aws.new_user()
    serial, seed = new_device(aws)
    step = now()
    wrong = [(code(seed, step), code(seed, step)), (code(seed, step - 2), code(seed, step)), ("000000", "000001")]
    for first, second in wrong:
        with refused("InvalidAuthenticationCode", status=403):
            aws.iam.enable_mfa_device(
                UserName=user, SerialNumber=serial, AuthenticationCode1=first, AuthenticationCode2=second
            )


@behaviour(
    "A device can be synchronised again by two codes that are not used",
    moto="ResyncMFADevice is not implemented: 500",
    localemu="ResyncMFADevice is not implemented",
    awsim="the seed is no base 32",
)
def test_resync(aws):
    user = aws.new_user()
    serial, seed, step = enable(aws, user)
    later = {"AuthenticationCode1": code(seed, step), "AuthenticationCode2": code(seed, step + 1)}
    aws.iam.resync_mfa_device(UserName=user, SerialNumber=serial, **later)


@behaviour(
    "A device that a user has cannot be deleted, and keeps the user from being deleted",
    moto="deletes the device that the user has",
    localemu="deletes the device that the user has",
    awsim="the seed is no base 32",
)
def test_conflicts(aws):
    user = aws.new_user()
    serial, _, _ = enable(aws, user)
    with refused("DeleteConflict", status=409):
        aws.iam.delete_virtual_mfa_device(SerialNumber=serial)
    with refused("DeleteConflict", "must delete MFA device first", status=409):
        aws.iam.delete_user(UserName=user)
    aws.iam.deactivate_mfa_device(UserName=user, SerialNumber=serial)
    aws.iam.delete_virtual_mfa_device(SerialNumber=serial)
    aws.iam.delete_user(UserName=user)


@behaviour(
    "GetSessionToken with a code may call IAM, and each code counts once",
    moto="the session is unknown to IAM",
    localemu="a code counts twice",
    awsim="the seed is no base 32",
)
def test_session(aws):
    user, name = aws.as_user(ALLOW_ALL)
    serial, seed, step = enable(aws, name)
    fresh = {"SerialNumber": serial, "TokenCode": code(seed, step + 1)}
    session = aws.be(Credentials.of(user.sts.get_session_token(**fresh)["Credentials"]))
    session.iam.list_users(MaxItems=1)
    with refused("AccessDenied", "MultiFactorAuthentication failed", status=403):
        user.sts.get_session_token(**fresh)


@behaviour(
    "GetSessionToken with a wrong code, or with another's device, is AccessDenied",
    moto="any code is taken",
    localemu="any code is taken",
    awsim="the seed is no base 32",
)
def test_wrong_session(aws):
    user, name = aws.as_user(ALLOW_ALL)
    other = aws.new_user()
    serial, _, _ = enable(aws, name)
    foreign, seed, step = enable(aws, other)
    for number, digits in ((serial, "000000"), (foreign, code(seed, step + 1))):
        with refused("AccessDenied", "MultiFactorAuthentication failed", status=403):
            user.sts.get_session_token(SerialNumber=number, TokenCode=digits)


@behaviour(
    "A trust policy that asks for aws:MultiFactorAuthPresent is met by a code, and by nothing else",
    moto="conditions are not looked at",
    awsim="the seed is no base 32",
)
def test_trust(aws):
    user, name = aws.as_user(ALLOW_ALL)
    serial, seed, step = enable(aws, name)
    asks = trust({"AWS": aws.arn("user", name)}, Bool={"aws:MultiFactorAuthPresent": "true"})
    _, role = aws.new_role(asks, ALLOW_ALL)
    with refused("AccessDenied", status=403):
        user.assume(role)
    user.assume(role, SerialNumber=serial, TokenCode=code(seed, step + 1)).sts.get_caller_identity()
