"""What must go first, and how much there may be."""

import pytest

from session import behaviour, document, refused, statement, trust, unique

ALLOW = document(statement("Allow", "sqs:*"))


def conflict(aws, user):
    with refused("DeleteConflict", status=409):
        aws.iam.delete_user(UserName=user)


@behaviour("A user with an attached policy cannot be deleted")
def test_user_attached(aws):
    user, arn = aws.new_user(), aws.new_policy(ALLOW)
    aws.iam.attach_user_policy(UserName=user, PolicyArn=arn)
    conflict(aws, user)
    aws.iam.detach_user_policy(UserName=user, PolicyArn=arn)
    aws.iam.delete_user(UserName=user)


@behaviour("A user with an inline policy cannot be deleted")
def test_user_inline(aws):
    user = aws.new_user(ALLOW)
    conflict(aws, user)
    aws.iam.delete_user_policy(UserName=user, PolicyName="inline")
    aws.iam.delete_user(UserName=user)


@behaviour("A user with an access key cannot be deleted", moto="deletes him with his key")
def test_user_key(aws):
    user = aws.new_user()
    key = aws.key_of(user)
    conflict(aws, user)
    aws.iam.delete_access_key(UserName=user, AccessKeyId=key.key)
    aws.iam.delete_user(UserName=user)


@behaviour(
    "A user in a group cannot be deleted",
    moto="deletes him, the group keeps his name",
    localemu="deletes him, the group keeps his name",
)
def test_user_group(aws):
    user, group = aws.new_user(), unique("group")
    aws.iam.create_group(GroupName=group)
    aws.iam.add_user_to_group(UserName=user, GroupName=group)
    conflict(aws, user)
    aws.iam.remove_user_from_group(UserName=user, GroupName=group)
    aws.iam.delete_user(UserName=user)


@behaviour(
    "A user with a login profile cannot be deleted",
    moto="deletes him with his login profile",
    localemu="deletes him with his login profile",
    awsim="deletes him with his login profile",
)
def test_user_login(aws):
    user = aws.new_user()
    aws.iam.create_login_profile(UserName=user, Password="Correct-Horse-9")
    conflict(aws, user)
    aws.iam.delete_login_profile(UserName=user)
    aws.iam.delete_user(UserName=user)


@behaviour(
    "A group with a member cannot be deleted",
    moto="deletes it with its members",
    localemu="deletes it with its members",
)
def test_group_member(aws):
    user, group = aws.new_user(), unique("group")
    aws.iam.create_group(GroupName=group)
    aws.iam.add_user_to_group(UserName=user, GroupName=group)
    with refused("DeleteConflict", status=409):
        aws.iam.delete_group(GroupName=group)
    aws.iam.remove_user_from_group(UserName=user, GroupName=group)
    aws.iam.delete_group(GroupName=group)


@behaviour(
    "A group with a policy, attached or inline, cannot be deleted",
    moto="deletes it with its policies",
    localemu="deletes it with its policies",
)
def test_group_policy(aws):
    group, arn = unique("group"), aws.new_policy(ALLOW)
    aws.iam.create_group(GroupName=group)
    aws.iam.attach_group_policy(GroupName=group, PolicyArn=arn)
    with refused("DeleteConflict", status=409):
        aws.iam.delete_group(GroupName=group)
    aws.iam.detach_group_policy(GroupName=group, PolicyArn=arn)
    aws.iam.put_group_policy(GroupName=group, PolicyName="p", PolicyDocument=ALLOW)
    with refused("DeleteConflict", status=409):
        aws.iam.delete_group(GroupName=group)


@behaviour("A role with a policy, attached or inline, cannot be deleted")
def test_role_policy(aws):
    role, _ = aws.new_role(trust({"Service": "ec2.amazonaws.com"}), ALLOW)
    with refused("DeleteConflict", status=409):
        aws.iam.delete_role(RoleName=role)
    aws.iam.delete_role_policy(RoleName=role, PolicyName="inline")
    arn = aws.new_policy(ALLOW)
    aws.iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    with refused("DeleteConflict", status=409):
        aws.iam.delete_role(RoleName=role)
    aws.iam.detach_role_policy(RoleName=role, PolicyArn=arn)
    aws.iam.delete_role(RoleName=role)


@behaviour("A policy that is attached cannot be deleted", moto="deletes it, and the user cannot be deleted any more")
def test_policy_attached(aws):
    user, arn = aws.new_user(), aws.new_policy(ALLOW)
    aws.iam.attach_user_policy(UserName=user, PolicyArn=arn)
    with refused("DeleteConflict", status=409):
        aws.iam.delete_policy(PolicyArn=arn)
    aws.iam.detach_user_policy(UserName=user, PolicyArn=arn)
    aws.iam.delete_policy(PolicyArn=arn)


@behaviour(
    "A policy that is somebody's boundary cannot be deleted",
    moto="boundaries are not implemented: 500",
    localemu="deletes it",
    awsim="deletes it",
)
def test_policy_boundary(aws):
    user, arn = aws.new_user(), aws.new_policy(ALLOW)
    aws.iam.put_user_permissions_boundary(UserName=user, PermissionsBoundary=arn)
    with refused("DeleteConflict", status=409):
        aws.iam.delete_policy(PolicyArn=arn)


@behaviour(
    "A policy with a second version cannot be deleted",
    moto="deletes it with its versions",
    awsim="deletes it with its versions",
)
def test_policy_versions(aws):
    arn = aws.new_policy(ALLOW)
    aws.iam.create_policy_version(PolicyArn=arn, PolicyDocument=ALLOW)
    with refused("DeleteConflict", status=409):
        aws.iam.delete_policy(PolicyArn=arn)


@behaviour("A user has two access keys at most, an inactive one counts")
def test_two_keys(aws):
    user = aws.new_user()
    first = aws.key_of(user)
    aws.key_of(user)
    aws.iam.update_access_key(UserName=user, AccessKeyId=first.key, Status="Inactive")
    with refused("LimitExceeded", "AccessKeysPerUser: 2", status=409):
        aws.key_of(user)


@behaviour("A user has ten attached policies at most", moto="has no such quota", localemu="has no such quota")
def test_ten_policies(aws):
    user = aws.new_user()
    arns = [aws.new_policy(ALLOW) for _ in range(11)]
    for arn in arns[:10]:
        aws.iam.attach_user_policy(UserName=user, PolicyArn=arn)
    with refused("LimitExceeded", status=409):
        aws.iam.attach_user_policy(UserName=user, PolicyArn=arns[10])


@behaviour("A user is in ten groups at most", moto="has no such quota", localemu="has no such quota")
def test_ten_groups(aws):
    user = aws.new_user()
    groups = [unique("group") for _ in range(11)]
    for group in groups:
        aws.iam.create_group(GroupName=group)
    for group in groups[:10]:
        aws.iam.add_user_to_group(UserName=user, GroupName=group)
    with refused("LimitExceeded", status=409):
        aws.iam.add_user_to_group(UserName=user, GroupName=groups[10])


def sized(characters: int) -> str:
    """Return a policy of so many characters, of which none is white space."""
    text = document(statement("Allow", "sqs:*", "arn:aws:sqs:us-east-1:111122223333:")).replace(" ", "")
    return text.replace("111122223333:", "111122223333:" + "x" * (characters - len(text)))


@behaviour(
    "A managed policy has 6144 characters at most, white space not counted",
    moto="has no such quota",
    localemu="has no such quota",
    awsim="white space counts",
)
def test_policy_size(aws):
    aws.new_policy(sized(6144).replace(",", ",\n        "))
    with refused("LimitExceeded", "6144", status=409):
        aws.new_policy(sized(6145))


@behaviour(
    "The inline policies of a user have 2048 characters together",
    moto="has no such quota",
    localemu="has no such quota",
    awsim="has no such quota",
)
def test_inline_size(aws):
    user = aws.new_user()
    aws.iam.put_user_policy(UserName=user, PolicyName="a", PolicyDocument=sized(1024))
    aws.iam.put_user_policy(UserName=user, PolicyName="b", PolicyDocument=sized(1024))
    with refused("LimitExceeded", status=409):
        aws.iam.put_user_policy(UserName=user, PolicyName="c", PolicyDocument=ALLOW)


@behaviour(
    "Service-linked and Identity Center roles are modifiable by AWS only",
    moto="a new account has no such role",
    localemu="a new account has no such role",
    awsim="a new account has no such role",
)
@pytest.mark.parametrize("mark", ["/aws-service-role/", "/aws-reserved/sso.amazonaws.com/"])
def test_protected_role(aws, mark):
    roles = [
        r["RoleName"]
        for page in aws.iam.get_paginator("list_roles").paginate()
        for r in page["Roles"]
        if r["Path"].startswith(mark)
    ]
    assert roles, f"the account has no role below {mark}"
    with refused("UnmodifiableEntity", status=400):
        aws.iam.attach_role_policy(RoleName=roles[0], PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    with refused("UnmodifiableEntity", status=400):
        aws.iam.put_role_policy(RoleName=roles[0], PolicyName="p", PolicyDocument=ALLOW)
