"""Federated users, and identity providers whose tokens become role sessions."""

import json

from servers import Credentials
from session import behaviour, document, refused, statement, unique

ALLOW_ALL = document(statement("Allow", "*"))
LIST_QUEUES = document(statement("Allow", "sqs:ListQueues"))
THUMBPRINT = "0f" * 20


def federate(caller, policy: str | None = ALLOW_ALL, **options):
    """Return what a federated user sees, and the answer that made him."""
    if policy:
        options["Policy"] = policy
    got = caller.sts.get_federation_token(Name="guest", **options)
    return caller.be(Credentials.of(got["Credentials"])), got


def metadata(issuer: str) -> str:
    """Return SAML metadata of the length that IAM asks for."""
    protocol = "urn:oasis:names:tc:SAML:2.0:"
    return (
        f'<EntityDescriptor xmlns="{protocol}metadata" entityID="{issuer}">'
        f'<IDPSSODescriptor protocolSupportEnumeration="{protocol}protocol"><KeyDescriptor use="signing">'
        '<KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>'
        + "MIIB" * 250
        + "</X509Certificate></X509Data></KeyInfo></KeyDescriptor></IDPSSODescriptor></EntityDescriptor>"
    )


@behaviour(
    "A federated user is named by account and name",
    moto="a federated user's key is unknown",
    localemu="is somebody else afterwards",
    awsim="the caller's name is taken to be the key's id",
)
def test_federated_user(aws):
    user, _ = aws.as_user(ALLOW_ALL)
    guest, got = federate(user)
    arn = f"arn:aws:sts::{aws.account}:federated-user/guest"
    assert got["FederatedUser"] == {"Arn": arn, "FederatedUserId": f"{aws.account}:guest"}
    me = guest.sts.get_caller_identity()
    assert (me["Arn"], me["UserId"]) == (arn, f"{aws.account}:guest")


@behaviour(
    "A federated user may do what both his parent's policies and the policy passed allow",
    moto="a federated user's key is unknown",
    localemu="may do everything",
    awsim="may do everything",
)
def test_intersection(aws):
    parent = document(statement("Allow", ["sts:GetFederationToken", "sqs:ListQueues", "sns:ListTopics"]))
    user, _ = aws.as_user(parent)
    guest, _ = federate(user, LIST_QUEUES)
    guest.client("sqs").list_queues()
    with refused("AuthorizationError", status=403):
        guest.client("sns").list_topics()
    everything, _ = federate(user)
    with refused("AccessDenied"):
        everything.client("sqs").create_queue(QueueName=unique("queue"))


@behaviour(
    "A federated user without a session policy may do nothing",
    moto="a federated user's key is unknown",
    localemu="may do everything",
    awsim="may do everything",
)
def test_no_policy(aws):
    user, _ = aws.as_user(ALLOW_ALL)
    guest, _ = federate(user, None)
    with refused("AccessDenied"):
        guest.client("sqs").list_queues()


@behaviour(
    "A federated user cannot call IAM whatever his policies say: InvalidClientTokenId",
    localemu="may do everything",
    awsim="may do everything",
)
def test_no_iam(aws):
    user, _ = aws.as_user(ALLOW_ALL)
    guest, _ = federate(user)
    with refused("InvalidClientTokenId", status=403):
        guest.iam.list_users(MaxItems=1)


@behaviour(
    "A federated user cannot assume roles",
    moto="a federated user's key is unknown",
    localemu="may do everything",
    awsim="may do everything",
)
def test_no_roles(aws):
    user, _ = aws.as_user(ALLOW_ALL)
    trusted = document({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})
    _, role = aws.new_role(trusted, ALLOW_ALL)
    user.assume(role)
    guest, _ = federate(user)
    with refused("AccessDenied", status=403):
        guest.assume(role)


@behaviour(
    "GetFederationToken cannot be called with a session",
    moto="makes a federated user",
    localemu="makes a federated user",
    awsim="the caller's name is taken to be the key's id",
)
def test_from_session(aws):
    _, session = aws.as_role(ALLOW_ALL)
    with refused("AccessDenied", "Cannot call GetFederationToken with session credentials", status=403):
        session.sts.get_federation_token(Name="guest")


@behaviour(
    "GetFederationToken needs a permission for the name asked for",
    moto="an Allow counts only with Resource *",
    localemu="the name is not looked at",
    awsim="needs no permission",
)
def test_permission(aws):
    guests = f"arn:aws:sts::{aws.account}:federated-user/guest"
    user, _ = aws.as_user(document(statement("Allow", "sts:GetFederationToken", guests)))
    federate(user)
    with refused("AccessDenied", status=403):
        user.sts.get_federation_token(Name="admin")


@behaviour(
    "A federated session outlives the key that made it, and obeys a denial of its parent",
    moto="a federated user's key is unknown",
    localemu="may do everything",
    awsim="may do everything",
)
def test_outlives(aws):
    user, name = aws.as_user(ALLOW_ALL)
    guest, _ = federate(user)
    aws.iam.update_access_key(UserName=name, AccessKeyId=user.who.key, Status="Inactive")
    guest.client("sqs").list_queues()
    aws.iam.put_user_policy(UserName=name, PolicyName="deny", PolicyDocument=document(statement("Deny", "*")))
    with refused("AccessDenied"):
        guest.client("sqs").list_queues()


@behaviour(
    "An OIDC provider is named by its URL, and has client ids and thumbprints",
    moto="client ids cannot be changed: 500",
    localemu="client ids cannot be changed",
    awsim="a client id cannot be taken away",
)
def test_oidc_provider(aws):
    host = f"{unique('idp')}.example.com"
    made = aws.iam.create_open_id_connect_provider(
        Url=f"https://{host}", ClientIDList=["one"], ThumbprintList=[THUMBPRINT]
    )
    arn = made["OpenIDConnectProviderArn"]
    assert arn == aws.arn("oidc-provider", host)
    with refused("EntityAlreadyExists", status=409):
        aws.iam.create_open_id_connect_provider(Url=f"https://{host}", ThumbprintList=[THUMBPRINT])
    aws.iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="two")
    aws.iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="one")
    aws.iam.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=arn, ThumbprintList=["aa" * 20])
    got = aws.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert (got["Url"], got["ClientIDList"], got["ThumbprintList"]) == (host, ["two"], ["aa" * 20])
    assert arn in [p["Arn"] for p in aws.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]]
    aws.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    with refused("NoSuchEntity", status=404):
        aws.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)


@behaviour("A SAML provider has metadata that can be replaced")
def test_saml_provider(aws):
    first, second = metadata("https://one.example.com"), metadata("https://two.example.com")
    arn = aws.iam.create_saml_provider(Name=unique("idp"), SAMLMetadataDocument=first)["SAMLProviderArn"]
    aws.iam.update_saml_provider(SAMLProviderArn=arn, SAMLMetadataDocument=second)
    assert aws.iam.get_saml_provider(SAMLProviderArn=arn)["SAMLMetadataDocument"] == second
    assert arn in [p["Arn"] for p in aws.iam.list_saml_providers()["SAMLProviderList"]]
    aws.iam.delete_saml_provider(SAMLProviderArn=arn)
    with refused("NoSuchEntity", status=404):
        aws.iam.get_saml_provider(SAMLProviderArn=arn)


def federated(aws, provider: str, action: str) -> str:
    """Create a role that trusts a provider and return its ARN."""
    body = {"Effect": "Allow", "Action": action, "Principal": {"Federated": provider}}
    return aws.new_role(document(body), ALLOW_ALL)[1]


@behaviour(
    "A token that nobody signed opens no session with AssumeRoleWithWebIdentity",
    moto="500",
    localemu="refused, with another code",
    awsim="the call is unknown",
)
def test_web_identity(aws):
    host = f"{unique('idp')}.example.com"
    made = aws.iam.create_open_id_connect_provider(
        Url=f"https://{host}", ClientIDList=["sts.amazonaws.com"], ThumbprintList=[THUMBPRINT]
    )
    role = federated(aws, made["OpenIDConnectProviderArn"], "sts:AssumeRoleWithWebIdentity")
    with refused("InvalidIdentityToken", status=400):
        aws.sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="suite", WebIdentityToken="nonsense")


@behaviour(
    "An assertion that nobody signed opens no session with AssumeRoleWithSAML",
    moto="500",
    localemu="refused, with another code",
    awsim="the call is unknown",
)
def test_saml(aws):
    made = aws.iam.create_saml_provider(Name=unique("idp"), SAMLMetadataDocument=metadata("https://idp.example.com"))
    arn = made["SAMLProviderArn"]
    role = federated(aws, arn, "sts:AssumeRoleWithSAML")
    with refused("InvalidIdentityToken", status=400):
        aws.sts.assume_role_with_saml(RoleArn=role, PrincipalArn=arn, SAMLAssertion=json.dumps({"not": "SAML"}))
