"""Credentials of users that sign no requests, and the list of buckets, which tells what a denial leaves."""

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from session import behaviour, document, refused, statement

GIT = "codecommit.amazonaws.com"


def ssh_key(bits: int = 2048) -> str:
    """Return a new public key as a line of authorized_keys."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits).public_key()
    return key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()


def certificate() -> str:
    """Return a new self-signed certificate in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "suite")])
    today = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today)
        .not_valid_after(today + datetime.timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


@behaviour(
    "An SSH public key is uploaded, shown in two encodings, switched off and deleted",
    moto="there is one encoding",
    localemu="there is one encoding",
    awsim="there is one encoding",
)
def test_ssh_key(aws):
    user, body = aws.new_user(), ssh_key()
    made = aws.iam.upload_ssh_public_key(UserName=user, SSHPublicKeyBody=body)["SSHPublicKey"]
    key = made["SSHPublicKeyId"]
    assert key.startswith("APKA")
    assert made["Status"] == "Active"
    ssh = aws.iam.get_ssh_public_key(UserName=user, SSHPublicKeyId=key, Encoding="SSH")["SSHPublicKey"]
    pem = aws.iam.get_ssh_public_key(UserName=user, SSHPublicKeyId=key, Encoding="PEM")["SSHPublicKey"]
    assert ssh["SSHPublicKeyBody"].strip() == body
    assert pem["SSHPublicKeyBody"].startswith("-----BEGIN PUBLIC KEY-----")
    aws.iam.update_ssh_public_key(UserName=user, SSHPublicKeyId=key, Status="Inactive")
    listed = aws.iam.list_ssh_public_keys(UserName=user)["SSHPublicKeys"]
    assert [(k["SSHPublicKeyId"], k["Status"]) for k in listed] == [(key, "Inactive")]
    aws.iam.delete_ssh_public_key(UserName=user, SSHPublicKeyId=key)
    with refused("NoSuchEntity", status=404):
        aws.iam.get_ssh_public_key(UserName=user, SSHPublicKeyId=key, Encoding="SSH")


@behaviour(
    "An SSH public key that is too short, or there already, is refused",
    moto="any key is taken",
    localemu="any key is taken",
    awsim="any key is taken",
)
def test_bad_ssh_key(aws):
    user, body = aws.new_user(), ssh_key()
    with refused("InvalidPublicKey", status=400):
        aws.iam.upload_ssh_public_key(UserName=user, SSHPublicKeyBody=ssh_key(1024))
    aws.iam.upload_ssh_public_key(UserName=user, SSHPublicKeyBody=body)
    with refused("DuplicateSSHPublicKey", status=400):
        aws.iam.upload_ssh_public_key(UserName=user, SSHPublicKeyBody=body)


@behaviour(
    "A user with an SSH public key cannot be deleted",
    moto="deletes him with his key",
    localemu="deletes him with his key",
    awsim="deletes him with his key",
)
def test_ssh_key_conflict(aws):
    user = aws.new_user()
    key = aws.iam.upload_ssh_public_key(UserName=user, SSHPublicKeyBody=ssh_key())["SSHPublicKey"]["SSHPublicKeyId"]
    with refused("DeleteConflict", status=409):
        aws.iam.delete_user(UserName=user)
    aws.iam.delete_ssh_public_key(UserName=user, SSHPublicKeyId=key)
    aws.iam.delete_user(UserName=user)


@behaviour(
    "A signing certificate is uploaded, listed, switched off and deleted",
    awsim="the certificate has no id",
)
def test_certificate(aws):
    user, body = aws.new_user(), certificate()
    made = aws.iam.upload_signing_certificate(UserName=user, CertificateBody=body)["Certificate"]["CertificateId"]
    aws.iam.update_signing_certificate(UserName=user, CertificateId=made, Status="Inactive")
    listed = aws.iam.list_signing_certificates(UserName=user)["Certificates"]
    assert [(c["CertificateId"], c["Status"]) for c in listed] == [(made, "Inactive")]
    aws.iam.delete_signing_certificate(UserName=user, CertificateId=made)
    assert aws.iam.list_signing_certificates(UserName=user)["Certificates"] == []


@behaviour(
    "A signing certificate must be one",
    awsim="any text is taken",
)
def test_bad_certificate(aws):
    with refused("MalformedCertificate", status=400):
        aws.iam.upload_signing_certificate(UserName=aws.new_user(), CertificateBody="nonsense")


@behaviour(
    "A user has two signing certificates at most, and cannot be deleted with one",
    moto="has no such quota",
    localemu="the conflict has another message",
    awsim="has no such quota",
)
def test_certificate_limits(aws):
    user = aws.new_user()
    for _ in range(2):
        aws.iam.upload_signing_certificate(UserName=user, CertificateBody=certificate())
    with refused("LimitExceeded", status=409):
        aws.iam.upload_signing_certificate(UserName=user, CertificateBody=certificate())
    with refused("DeleteConflict", "must delete certificates first", status=409):
        aws.iam.delete_user(UserName=user)


@behaviour(
    "A service-specific credential has a name and a password, which a reset replaces",
    moto="not implemented: 500",
    awsim="the name is another",
)
def test_service_credential(aws):
    user = aws.new_user()
    made = aws.iam.create_service_specific_credential(UserName=user, ServiceName=GIT)["ServiceSpecificCredential"]
    one = {"UserName": user, "ServiceSpecificCredentialId": made["ServiceSpecificCredentialId"]}
    assert made["ServiceUserName"].startswith(f"{user}-at-{aws.account}")
    reset = aws.iam.reset_service_specific_credential(**one)["ServiceSpecificCredential"]
    assert reset["ServicePassword"] != made["ServicePassword"]
    aws.iam.update_service_specific_credential(**one, Status="Inactive")
    listed = aws.iam.list_service_specific_credentials(UserName=user, ServiceName=GIT)["ServiceSpecificCredentials"]
    assert [c["Status"] for c in listed] == ["Inactive"]
    assert "ServicePassword" not in listed[0]
    aws.iam.delete_service_specific_credential(**one)
    assert aws.iam.list_service_specific_credentials(UserName=user)["ServiceSpecificCredentials"] == []


@behaviour(
    "A user has two credentials at most for one service, and none for a service that has no such thing",
    moto="not implemented: 500",
    localemu="has no such quota",
    awsim="has no such quota",
)
def test_service_credential_limits(aws):
    user = aws.new_user()
    for _ in range(2):
        aws.iam.create_service_specific_credential(UserName=user, ServiceName=GIT)
    with refused("LimitExceeded", status=409):
        aws.iam.create_service_specific_credential(UserName=user, ServiceName=GIT)
    with refused("NotSupportedService", status=404):
        aws.iam.create_service_specific_credential(UserName=user, ServiceName="ec2.amazonaws.com")


@behaviour("Whoever is denied IAM still lists buckets; whoever is denied all does not")
def test_buckets(aws):
    allow = statement("Allow", "*")
    no_iam, _ = aws.as_user(document(allow, statement("Deny", "iam:*")))
    nothing, _ = aws.as_user(document(allow, statement("Deny", "*")))
    assert isinstance(no_iam.client("s3").list_buckets()["Buckets"], list)
    with refused("AccessDenied", status=403):
        nothing.client("s3").list_buckets()
