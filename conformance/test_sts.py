"""Who am I, sessions of users, sessions of roles."""

from servers import Credentials
from session import behaviour, document, refused, statement, trust, unique

ALLOW_ALL = document(statement("Allow", "*"))
DENY_ALL = document(statement("Deny", "*"))
LIST_USERS = document(statement("Allow", "iam:ListUsers"))


@behaviour("GetCallerIdentity names a user by ARN and id", awsim="the caller's name is taken to be the key's id")
def test_caller_identity_of_user(aws):
    user, name = aws.as_user()
    got = user.sts.get_caller_identity()
    assert got["Arn"] == aws.arn("user", name)
    assert got["Account"] == aws.account
    assert got["UserId"] == aws.iam.get_user(UserName=name)["User"]["UserId"]


@behaviour(
    "GetCallerIdentity needs no permission and works under an explicit deny",
    awsim="the caller's name is taken to be the key's id",
)
def test_caller_identity_under_deny(aws):
    user, name = aws.as_user(DENY_ALL)
    assert user.sts.get_caller_identity()["Arn"] == aws.arn("user", name)


@behaviour(
    "An assumed role is named by role and session, without the role's path",
    awsim="the caller's name is taken to be the key's id",
)
def test_caller_identity_of_role(aws):
    role, session = aws.as_role(ALLOW_ALL, Path="/deep/down/")
    role_id = aws.iam.get_role(RoleName=role)["Role"]["RoleId"]
    me = session.sts.get_caller_identity()
    assert me["Arn"] == f"arn:aws:sts::{aws.account}:assumed-role/{role}/suite"
    assert me["UserId"] == f"{role_id}:suite"


@behaviour(
    "A role that trusts one user refuses another, though his policy allows him to assume it",
    awsim="the caller's name is taken to be the key's id",
)
def test_trust(aws):
    trusted, name = aws.as_user(ALLOW_ALL)
    other, _ = aws.as_user(ALLOW_ALL)
    _, arn = aws.new_role(trust({"AWS": aws.arn("user", name)}), LIST_USERS)
    trusted.assume(arn)
    with refused("AccessDenied", "sts:AssumeRole", status=403):
        other.assume(arn)


@behaviour(
    "A trust in the account leaves it to the user's own policy",
    moto="a trust in the account's root is refused",
    awsim="a user without permission assumes it",
)
def test_trust_in_account(aws):
    _, arn = aws.new_role(trust({"AWS": f"arn:aws:iam::{aws.account}:root"}), LIST_USERS)
    allowed, _ = aws.as_user(document(statement("Allow", "sts:AssumeRole", arn)))
    without, _ = aws.as_user(LIST_USERS)
    allowed.assume(arn)
    with refused("AccessDenied", status=403):
        without.assume(arn)


@behaviour(
    "A role that does not exist is AccessDenied, as one that does not trust",
    moto="assumes a role that does not exist",
    localemu="assumes a role that does not exist",
)
def test_missing_role(aws):
    user, _ = aws.as_user(ALLOW_ALL)
    with refused("AccessDenied", status=403):
        user.assume(aws.arn("role", unique("none")))


@behaviour(
    "An external id that the trust asks for must be given",
    moto="conditions are not looked at",
    awsim="the caller's name is taken to be the key's id",
)
def test_external_id(aws):
    user, name = aws.as_user(ALLOW_ALL)
    trusted = trust({"AWS": aws.arn("user", name)}, StringEquals={"sts:ExternalId": "tango"})
    _, arn = aws.new_role(trusted, LIST_USERS)
    user.assume(arn, ExternalId="tango")
    with refused("AccessDenied"):
        user.assume(arn, ExternalId="foxtrot")
    with refused("AccessDenied"):
        user.assume(arn)


@behaviour("A session may do what its role allows, and no more", awsim="the caller's name is taken to be the key's id")
def test_role_permissions(aws):
    _, session = aws.as_role(LIST_USERS)
    session.iam.list_users(MaxItems=1)
    with refused("AccessDenied", status=403):
        session.iam.create_user(UserName=unique("user"))


@behaviour(
    "A session policy takes away and never gives",
    moto="session policies are not looked at",
    awsim="the caller's name is taken to be the key's id",
)
def test_session_policy(aws):
    user, name = aws.as_user(ALLOW_ALL)
    _, arn = aws.new_role(
        trust({"AWS": aws.arn("user", name)}), document(statement("Allow", ["iam:ListUsers", "iam:ListRoles"]))
    )
    session = user.assume(arn, Policy=document(statement("Allow", ["iam:ListUsers", "iam:ListGroups"])))
    session.iam.list_users(MaxItems=1)
    with refused("AccessDenied"):
        session.iam.list_roles(MaxItems=1)
    with refused("AccessDenied"):
        session.iam.list_groups(MaxItems=1)


@behaviour(
    "A session of a role assumes another role, for an hour at most",
    moto="any chain is refused",
    localemu="any length is granted to a chained session",
    awsim="the caller's name is taken to be the key's id",
)
def test_chain(aws):
    user, name = aws.as_user(ALLOW_ALL)
    _, first_arn = aws.new_role(trust({"AWS": aws.arn("user", name)}), ALLOW_ALL, MaxSessionDuration=7200)
    second, second_arn = aws.new_role(trust({"AWS": first_arn}), LIST_USERS, MaxSessionDuration=7200)
    with refused("AccessDenied"):
        user.assume(second_arn)
    session = user.assume(first_arn, DurationSeconds=7200)
    chained = session.assume(second_arn)
    assert chained.sts.get_caller_identity()["Arn"].endswith(f":assumed-role/{second}/suite")
    chained.iam.list_users(MaxItems=1)
    with refused("ValidationError", "role chaining", status=400):
        session.assume(second_arn, DurationSeconds=3601)


@behaviour(
    "A session longer than the role allows is a ValidationError",
    moto="any length is granted",
    localemu="any length is granted",
    awsim="the caller's name is taken to be the key's id",
)
def test_too_long(aws):
    user, name = aws.as_user(ALLOW_ALL)
    _, arn = aws.new_role(trust({"AWS": aws.arn("user", name)}))
    user.assume(arn, DurationSeconds=3600)
    with refused("ValidationError", "MaxSessionDuration", status=400):
        user.assume(arn, DurationSeconds=7200)


@behaviour(
    "GetSessionToken gives the user's own permissions, and needs none",
    moto="GetSessionToken needs a permission",
    localemu="the session is the account's root",
    awsim="the caller's name is taken to be the key's id",
)
def test_session_token(aws):
    user, name = aws.as_user(document(statement("Allow", "sqs:ListQueues")))
    session = aws.be(Credentials.of(user.sts.get_session_token()["Credentials"]))
    assert session.sts.get_caller_identity()["Arn"] == aws.arn("user", name)
    session.client("sqs").list_queues()
    with refused("AccessDenied"):
        session.client("sqs").create_queue(QueueName=unique("queue"))


@behaviour(
    "GetSessionToken without MFA cannot call IAM: InvalidClientTokenId",
    localemu="the session is the account's root",
    awsim="such a session calls IAM",
)
def test_session_token_and_iam(aws):
    user, _ = aws.as_user(ALLOW_ALL)
    user.iam.list_users(MaxItems=1)
    session = aws.be(Credentials.of(user.sts.get_session_token()["Credentials"]))
    with refused("InvalidClientTokenId", status=403):
        session.iam.list_users(MaxItems=1)


@behaviour(
    "GetSessionToken cannot be called with a session",
    moto="answers InvalidClientTokenId",
    localemu="gives another session",
    awsim="gives another session",
)
def test_session_token_of_session(aws):
    user, _ = aws.as_user(ALLOW_ALL)
    session = aws.be(Credentials.of(user.sts.get_session_token()["Credentials"]))
    with refused("AccessDenied", "Cannot call GetSessionToken with session credentials", status=403):
        session.sts.get_session_token()
    _, of_role = aws.as_role(ALLOW_ALL)
    with refused("AccessDenied", status=403):
        of_role.sts.get_session_token()


@behaviour("GetAccessKeyInfo tells whose account a key belongs to")
def test_access_key_info(aws):
    user, _ = aws.as_user()
    assert aws.sts.get_access_key_info(AccessKeyId=user.who.key)["Account"] == aws.account


@behaviour(
    "A session outlives the key that it was made with",
    moto="GetSessionToken needs a permission",
    localemu="a deleted key still answers GetCallerIdentity",
    awsim="a deleted key works on",
)
def test_session_outlives_key(aws):
    user, name = aws.as_user(document(statement("Allow", "sqs:ListQueues")))
    session = aws.be(Credentials.of(user.sts.get_session_token()["Credentials"]))
    aws.iam.delete_access_key(UserName=name, AccessKeyId=user.who.key)
    session.client("sqs").list_queues()
    with refused("InvalidClientTokenId", status=403):
        user.sts.get_caller_identity()
