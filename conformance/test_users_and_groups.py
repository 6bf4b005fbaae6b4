"""Users, their tags and login profiles, groups and membership."""

import re

import pytest

from session import behaviour, document, refused, statement, trust, unique


@behaviour(
    "A user has a path, an ARN with it and tags, and GetUser gives back what CreateUser made",
    awsim="tags of users are lost",
)
def test_user_round_trip(aws):
    name = unique("user")
    made = aws.iam.create_user(UserName=name, Path="/team/", Tags=[{"Key": "owner", "Value": "ops/éa = 1"}])["User"]
    assert made["Arn"] == f"arn:aws:iam::{aws.account}:user/team/{name}"
    got = aws.iam.get_user(UserName=name)["User"]
    assert got == made
    assert got["Tags"] == [{"Key": "owner", "Value": "ops/éa = 1"}]


@behaviour("Tags are added, replaced and removed", awsim="tags of users are lost")
def test_user_tags(aws):
    name = aws.new_user(Tags=[{"Key": "a", "Value": "1"}])
    aws.iam.tag_user(UserName=name, Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": ""}])
    got = {t["Key"]: t["Value"] for t in aws.iam.list_user_tags(UserName=name)["Tags"]}
    assert got == {"a": "2", "b": ""}
    aws.iam.untag_user(UserName=name, TagKeys=["a"])
    assert [t["Key"] for t in aws.iam.list_user_tags(UserName=name)["Tags"]] == ["b"]


@behaviour("A second user of the same name is EntityAlreadyExists, 409")
def test_user_exists(aws):
    name = aws.new_user()
    with refused("EntityAlreadyExists", status=409):
        aws.iam.create_user(UserName=name)


@behaviour(
    "The messages of IAM's errors are those that people search for",
    moto="User NAME already exists",
    localemu="User NAME already exists",
    awsim="User with name NAME already exists",
)
def test_messages(aws):
    name, none = aws.new_user(), unique("none")
    with refused("EntityAlreadyExists", f"User with name {name} already exists."):
        aws.iam.create_user(UserName=name)
    with refused("NoSuchEntity", f"The user with name {none} cannot be found."):
        aws.iam.get_user(UserName=none)
    with refused("NoSuchEntity", f"The role with name {none} cannot be found."):
        aws.iam.get_role(RoleName=none)


@behaviour(
    "Unique ids are 21 letters and digits and begin with the kind: AIDA, AGPA, AROA, ANPA",
    moto="ids are 20 random letters without a prefix",
    localemu="ids of users, groups and policies have no prefix",
    awsim="ids have 20 characters",
)
def test_ids(aws):
    group = unique("group")
    role, _ = aws.new_role(trust({"Service": "ec2.amazonaws.com"}))
    arn = aws.new_policy(document(statement("Allow", "sqs:*")))
    for kind, unique_id in (
        ("AIDA", aws.iam.get_user(UserName=aws.new_user())["User"]["UserId"]),
        ("AGPA", aws.iam.create_group(GroupName=group)["Group"]["GroupId"]),
        ("AROA", aws.iam.get_role(RoleName=role)["Role"]["RoleId"]),
        ("ANPA", aws.iam.get_policy(PolicyArn=arn)["Policy"]["PolicyId"]),
    ):
        assert re.fullmatch(kind + "[A-Z0-9]{17}", unique_id)


@behaviour(
    "Names of users, groups, roles and inline policies are unique, and found, whatever their case",
    moto="user names are case-sensitive",
    localemu="user names are case-sensitive",
    awsim="names are case-sensitive",
)
def test_case(aws):
    name = aws.new_user()
    with refused("EntityAlreadyExists"):
        aws.iam.create_user(UserName=name.upper())
    assert aws.iam.get_user(UserName=name.upper())["User"]["UserName"] == name
    group = unique("group")
    aws.iam.create_group(GroupName=group)
    with refused("EntityAlreadyExists"):
        aws.iam.create_group(GroupName=group.upper())
    aws.iam.add_user_to_group(GroupName=group.upper(), UserName=name.upper())
    assert [g["GroupName"] for g in aws.iam.list_groups_for_user(UserName=name)["Groups"]] == [group]


@behaviour("A user made again has the same ARN and another id")
def test_recreated_user(aws):
    name = aws.new_user()
    before = aws.iam.get_user(UserName=name)["User"]
    aws.iam.delete_user(UserName=name)
    with refused("NoSuchEntity", status=404):
        aws.iam.get_user(UserName=name)
    after = aws.iam.create_user(UserName=name)["User"]
    assert after["Arn"] == before["Arn"]
    assert after["UserId"] != before["UserId"]


@behaviour("A renamed user keeps his id and his groups", awsim="the ARN keeps the old name and path")
def test_renamed_user(aws):
    name, new, group = aws.new_user(), unique("renamed"), unique("group")
    aws.iam.create_group(GroupName=group)
    aws.iam.add_user_to_group(GroupName=group, UserName=name)
    before = aws.iam.get_user(UserName=name)["User"]
    aws.iam.update_user(UserName=name, NewUserName=new, NewPath="/moved/")
    after = aws.iam.get_user(UserName=new)["User"]
    assert after["UserId"] == before["UserId"]
    assert after["Arn"] == f"arn:aws:iam::{aws.account}:user/moved/{new}"
    assert [g["GroupName"] for g in aws.iam.list_groups_for_user(UserName=new)["Groups"]] == [group]


@behaviour("GetUser without a name is about the caller", awsim="answers with another user")
def test_get_user_self(aws):
    user, name = aws.as_user('{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}')
    assert user.iam.get_user()["User"]["UserName"] == name


def bad_name(name, what, localemu=None):
    """Return a user name that IAM does not take."""
    own = "refused with another code"
    wrong = {"moto": own, "awsim": "takes any name"} | ({"localemu": localemu} if localemu else {})
    return pytest.param(name, id=what, marks=behaviour(f"A name with {what} is a ValidationError", **wrong))


@pytest.mark.parametrize(
    "bad",
    [
        bad_name("with space", "a space"),
        bad_name("slash/", "a slash"),
        bad_name("ümlaut", "an umlaut", "taken"),
        bad_name("x" * 65, "65 characters", "taken"),
    ],
)
def test_bad_name(aws, bad):
    with refused("ValidationError", status=400):
        aws.iam.create_user(UserName=bad)


@behaviour("A group holds its members until they are removed")
def test_group(aws):
    group, name = unique("group"), aws.new_user()
    made = aws.iam.create_group(GroupName=group, Path="/g/")["Group"]
    assert made["Arn"] == f"arn:aws:iam::{aws.account}:group/g/{group}"
    aws.iam.add_user_to_group(GroupName=group, UserName=name)
    aws.iam.add_user_to_group(GroupName=group, UserName=name)
    got = aws.iam.get_group(GroupName=group)
    assert got["Group"]["GroupId"] == made["GroupId"]
    assert [u["UserName"] for u in got["Users"]] == [name]
    aws.iam.remove_user_from_group(GroupName=group, UserName=name)
    assert aws.iam.get_group(GroupName=group)["Users"] == []
    new = unique("group")
    aws.iam.update_group(GroupName=group, NewGroupName=new)
    assert aws.iam.get_group(GroupName=new)["Group"]["GroupId"] == made["GroupId"]
    aws.iam.delete_group(GroupName=new)
    with refused("NoSuchEntity"):
        aws.iam.get_group(GroupName=new)


@behaviour("A missing group or user is NoSuchEntity for membership too")
def test_membership_of_nobody(aws):
    with refused("NoSuchEntity"):
        aws.iam.add_user_to_group(GroupName=unique("none"), UserName=aws.new_user())
    group = unique("group")
    aws.iam.create_group(GroupName=group)
    with refused("NoSuchEntity"):
        aws.iam.add_user_to_group(GroupName=group, UserName=unique("none"))


@behaviour("A login profile is made once, changed, and removed")
def test_login_profile(aws):
    name = aws.new_user()
    with refused("NoSuchEntity", status=404):
        aws.iam.get_login_profile(UserName=name)
    made = aws.iam.create_login_profile(UserName=name, Password="Correct-Horse-9", PasswordResetRequired=True)
    assert made["LoginProfile"]["UserName"] == name
    with refused("EntityAlreadyExists", status=409):
        aws.iam.create_login_profile(UserName=name, Password="Correct-Horse-9")
    aws.iam.update_login_profile(UserName=name, Password="Battery-Staple-10", PasswordResetRequired=False)
    assert aws.iam.get_login_profile(UserName=name)["LoginProfile"]["PasswordResetRequired"] is False
    aws.iam.delete_login_profile(UserName=name)
    with refused("NoSuchEntity"):
        aws.iam.delete_login_profile(UserName=name)


@behaviour(
    "A new password may have to be changed at the first sign-in",
    moto="PasswordResetRequired is false always",
    localemu="PasswordResetRequired is false always",
)
def test_password_reset(aws):
    name = aws.new_user()
    aws.iam.create_login_profile(UserName=name, Password="Correct-Horse-9", PasswordResetRequired=True)
    assert aws.iam.get_login_profile(UserName=name)["LoginProfile"]["PasswordResetRequired"] is True


@behaviour(
    "Access keys are 20 letters and digits and begin with the kind: AKIA, ASIA",
    localemu="keys begin with LKIA and LSIA, so that nobody takes them for AWS's",
    awsim="the caller's name is taken to be the key's id",
)
def test_key_prefixes(aws):
    _, session = aws.as_role(document(statement("Allow", "*")))
    for kind, key in (("AKIA", aws.key_of(aws.new_user()).key), ("ASIA", session.who.key)):
        assert re.fullmatch(kind + "[A-Z0-9]{16}", key)


@behaviour(
    "A user changes his own password, and needs the old one",
    moto="ChangePassword is not implemented",
    localemu="ChangePassword is not implemented",
    awsim="refused, with another code",
)
def test_change_password(aws):
    user, name = aws.as_user(document(statement("Allow", "iam:ChangePassword")))
    aws.iam.create_login_profile(UserName=name, Password="Correct-Horse-9")
    with refused("PasswordPolicyViolation"):
        user.iam.change_password(OldPassword="Correct-Horse-9", NewPassword="x")
    user.iam.change_password(OldPassword="Correct-Horse-9", NewPassword="Battery-Staple-10")
