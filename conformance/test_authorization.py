"""Who may do what. Every refusal has a call beside it that the same caller may make."""

import json

import pytest

from session import behaviour, document, refused, statement, unique

ALLOW_ALL = document(statement("Allow", "*"))
DENY_IAM = document(statement("Deny", "iam:*"))


def create_user(user):
    user.iam.create_user(UserName=unique("made"))


@behaviour("A deny policy stops the next CreateUser of a user with every right, and goes as it came")
def test_deny_policy(aws):
    user, name = aws.as_user(ALLOW_ALL)
    create_user(user)
    arn = aws.new_policy(DENY_IAM)
    aws.iam.attach_user_policy(UserName=name, PolicyArn=arn)
    with refused("AccessDenied", status=403):
        create_user(user)
    user.client("sqs").list_queues()
    aws.iam.detach_user_policy(UserName=name, PolicyArn=arn)
    create_user(user)


@behaviour(
    "A refusal names caller, action and resource, and whether a statement denied or none allowed",
    moto="names neither the resource nor the reason",
    localemu="does not say the reason",
    awsim="does not say the reason",
)
def test_message(aws):
    user, name = aws.as_user()
    target = unique("made")
    call = f"User: {aws.arn('user', name)} is not authorized to perform: iam:CreateUser"
    with refused("AccessDenied", call, aws.arn("user", target), "because no identity-based policy allows"):
        user.iam.create_user(UserName=target)
    aws.iam.put_user_policy(UserName=name, PolicyName="deny", PolicyDocument=DENY_IAM)
    with refused("AccessDenied", call, "with an explicit deny in an identity-based policy"):
        user.iam.create_user(UserName=target)


@behaviour("A user without a policy may do nothing")
def test_nothing(aws):
    user, name = aws.as_user()
    with refused("AccessDenied", status=403):
        user.iam.list_users(MaxItems=1)
    aws.iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=ALLOW_ALL)
    user.iam.list_users(MaxItems=1)


@behaviour("An allow may name resources", moto="an Allow counts only with Resource *")
def test_resource(aws):
    mine, other = aws.new_user(), aws.new_user()
    user, _ = aws.as_user(document(statement("Allow", "iam:GetUser", aws.arn("user", mine))))
    user.iam.get_user(UserName=mine)
    with refused("AccessDenied"):
        user.iam.get_user(UserName=other)


@behaviour("A wildcard in a resource stands for any text", moto="an Allow counts only with Resource *")
def test_resource_wildcard(aws):
    user, _ = aws.as_user(document(statement("Allow", "iam:*User", aws.arn("user", "conf-made-*"))))
    create_user(user)
    with refused("AccessDenied"):
        user.iam.create_user(UserName=unique("else"))


@behaviour("${aws:username} is the caller's name", moto="an Allow counts only with Resource *")
def test_variable(aws):
    own = document(statement("Allow", "iam:*AccessKey*", aws.arn("user", "${aws:username}")))
    user, name = aws.as_user(own)
    other = aws.new_user()
    user.iam.list_access_keys(UserName=name)
    user.iam.create_access_key(UserName=name)
    with refused("AccessDenied"):
        user.iam.create_access_key(UserName=other)


@behaviour("NotAction allows all but the named")
def test_not_action(aws):
    user, _ = aws.as_user(
        json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "NotAction": "iam:Create*", "Resource": "*"}]}
        )
    )
    user.iam.list_users(MaxItems=1)
    with refused("AccessDenied"):
        create_user(user)


@behaviour("A group's policy is its members', as long as they are members")
def test_group(aws):
    user, name = aws.as_user()
    group = unique("group")
    aws.iam.create_group(GroupName=group)
    aws.iam.put_group_policy(GroupName=group, PolicyName="p", PolicyDocument=ALLOW_ALL)
    with refused("AccessDenied"):
        create_user(user)
    aws.iam.add_user_to_group(GroupName=group, UserName=name)
    create_user(user)
    aws.iam.remove_user_from_group(GroupName=group, UserName=name)
    with refused("AccessDenied"):
        create_user(user)


@behaviour(
    "A boundary limits what a policy allows, and allows nothing itself", moto="boundaries are not implemented: 500"
)
def test_boundary(aws):
    boundary = aws.new_policy(document(statement("Allow", ["iam:ListUsers", "iam:ListRoles"])))
    user, name = aws.as_user(document(statement("Allow", ["iam:ListUsers", "iam:ListGroups"])))
    user.iam.list_groups(MaxItems=1)
    aws.iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=boundary)
    user.iam.list_users(MaxItems=1)
    with refused("AccessDenied"):
        user.iam.list_groups(MaxItems=1)
    with refused("AccessDenied"):
        user.iam.list_roles(MaxItems=1)


def condition(operator, true, false, **wrong):
    """Return a condition that is met by a tagged user on this machine, and one that is not."""
    text = f"A condition with {operator} on {next(iter(true))} is compared with what the request carries, both ways"
    wrong = {"moto": "conditions are not looked at"} | wrong
    return pytest.param(operator, true, false, id=operator, marks=behaviour(text, **wrong))


UNSET = "the key is not set"
CONDITIONS = [
    condition("StringEquals", {"aws:PrincipalType": "User"}, {"aws:PrincipalType": "AssumedRole"}, awsim=UNSET),
    condition("StringLike", {"aws:username": "conf-user-*"}, {"aws:username": "somebody-else-*"}, awsim=UNSET),
    condition("IpAddress", {"aws:SourceIp": "127.0.0.0/8"}, {"aws:SourceIp": "203.0.113.0/24"}, awsim=UNSET),
    condition("Bool", {"aws:ViaAWSService": "false"}, {"aws:ViaAWSService": "true"}, localemu=UNSET, awsim=UNSET),
    condition(
        "BoolIfExists",
        {"aws:MultiFactorAuthPresent": "true"},
        {"aws:ViaAWSService": "true"},
        localemu=UNSET,
        awsim=UNSET,
    ),
    condition(
        "DateGreaterThan", {"aws:CurrentTime": "2020-01-01T00:00:00Z"}, {"aws:CurrentTime": "2090-01-01T00:00:00Z"}
    ),
    condition(
        "StringEqualsIgnoreCase",
        {"aws:PrincipalTag/team": "RED"},
        {"aws:PrincipalTag/team": "blue"},
        localemu=UNSET,
        awsim=UNSET,
    ),
    condition(
        "StringEqualsIfExists",
        {"aws:PrincipalTag/x": "y"},
        {"aws:PrincipalTag/team": "blue"},
        localemu=UNSET,
        awsim=UNSET,
    ),
    condition("Null", {"aws:TokenIssueTime": "true"}, {"aws:TokenIssueTime": "false"}),
]


@pytest.mark.parametrize(("operator", "true", "false"), CONDITIONS)
def test_condition(aws, operator, true, false):
    tags = [{"Key": "team", "Value": "red"}]
    for asked, allowed in ((true, True), (false, False)):
        user, _ = aws.as_user(document(statement("Allow", "iam:ListUsers", Condition={operator: asked})), Tags=tags)
        if allowed:
            user.iam.list_users(MaxItems=1)
        else:
            with refused("AccessDenied"):
                user.iam.list_users(MaxItems=1)


@behaviour(
    "A Deny whose condition is not met denies nothing",
    moto="conditions are not looked at",
    awsim="aws:SourceIp is not set",
)
def test_conditional_deny(aws):
    user, name = aws.as_user(ALLOW_ALL)
    for address, denied in (("203.0.113.0/24", False), ("127.0.0.0/8", True)):
        deny = statement("Deny", "iam:*", Condition={"IpAddress": {"aws:SourceIp": address}})
        aws.iam.put_user_policy(UserName=name, PolicyName="deny", PolicyDocument=document(deny))
        if denied:
            with refused("AccessDenied"):
                create_user(user)
        else:
            create_user(user)


@behaviour(
    "iam:PolicyARN limits which policies may be attached",
    moto="conditions are not looked at",
    localemu="iam:PolicyARN is not set",
    awsim="iam:PolicyARN is not set",
)
def test_policy_arn(aws):
    good, bad, target = (*(aws.new_policy(DENY_IAM) for _ in "ab"), aws.new_user())
    user, _ = aws.as_user(
        document(statement("Allow", "iam:AttachUserPolicy", Condition={"ArnEquals": {"iam:PolicyARN": good}}))
    )
    user.iam.attach_user_policy(UserName=target, PolicyArn=good)
    with refused("AccessDenied"):
        user.iam.attach_user_policy(UserName=target, PolicyArn=bad)


@behaviour(
    "A deny on aws:TokenIssueTime ends the sessions of a role that are older",
    moto="conditions are not looked at",
    awsim="the caller's name is taken to be the key's id",
)
def test_revoke_sessions(aws):
    role, session = aws.as_role(ALLOW_ALL)
    for limit, denied in (("2020-01-01T00:00:00Z", False), ("2090-01-01T00:00:00Z", True)):
        deny = statement("Deny", "*", Condition={"DateLessThan": {"aws:TokenIssueTime": limit}})
        aws.iam.put_role_policy(RoleName=role, PolicyName="revoke", PolicyDocument=document(deny))
        if denied:
            with refused("AccessDenied"):
                session.iam.list_users(MaxItems=1)
        else:
            session.iam.list_users(MaxItems=1)
