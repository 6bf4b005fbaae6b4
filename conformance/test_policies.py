"""Managed policies with versions, inline policies, boundaries, roles."""

import json

import pytest

from session import behaviour, document, refused, statement, trust, unique

ALLOW = document(statement("Allow", "sqs:*"))
OTHER = document(statement("Allow", "sns:*"))


@behaviour("A managed policy keeps up to five versions, one of them the default", awsim="refused, with HTTP status 400")
def test_versions(aws):
    arn = aws.new_policy(ALLOW, Description="of the suite")
    for i in range(4):
        made = aws.iam.create_policy_version(PolicyArn=arn, PolicyDocument=OTHER, SetAsDefault=i == 0)
    assert made["PolicyVersion"]["VersionId"] == "v5"
    with refused("LimitExceeded", status=409):
        aws.iam.create_policy_version(PolicyArn=arn, PolicyDocument=OTHER)
    assert aws.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v2"
    versions = aws.iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert {v["VersionId"]: v["IsDefaultVersion"] for v in versions} == {f"v{i}": i == 2 for i in range(1, 6)}
    aws.iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    got = aws.iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]
    assert got["IsDefaultVersion"] is True
    assert got["Document"] == json.loads(ALLOW)
    aws.iam.delete_policy_version(PolicyArn=arn, VersionId="v5")
    with refused("NoSuchEntity"):
        aws.iam.get_policy_version(PolicyArn=arn, VersionId="v5")
    made = aws.iam.create_policy_version(PolicyArn=arn, PolicyDocument=OTHER)
    assert made["PolicyVersion"]["VersionId"] == "v6"


@behaviour("The default version of a policy cannot be deleted", awsim="refused, with HTTP status 400")
def test_default_version(aws):
    arn = aws.new_policy(ALLOW)
    with refused("DeleteConflict", status=409):
        aws.iam.delete_policy_version(PolicyArn=arn, VersionId="v1")


@behaviour("A policy that is no policy is MalformedPolicyDocument")
@pytest.mark.parametrize("text", ["{", '{"Version":"2012-10-17"}', '{"Version":"1999-01-01","Statement":[]}'])
def test_malformed(aws, text):
    with refused("MalformedPolicyDocument", status=400):
        aws.iam.create_policy(PolicyName=unique("policy"), PolicyDocument=text)


@behaviour("Attaching is counted, listed from both sides, and undone once")
def test_attach(aws):
    arn, user, group = aws.new_policy(ALLOW), aws.new_user(), unique("group")
    role, _ = aws.new_role(trust({"AWS": f"arn:aws:iam::{aws.account}:root"}))
    aws.iam.create_group(GroupName=group)
    aws.iam.attach_user_policy(UserName=user, PolicyArn=arn)
    aws.iam.attach_group_policy(GroupName=group, PolicyArn=arn)
    aws.iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    assert aws.iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 3
    for got in (
        aws.iam.list_attached_user_policies(UserName=user),
        aws.iam.list_attached_group_policies(GroupName=group),
        aws.iam.list_attached_role_policies(RoleName=role),
    ):
        assert [p["PolicyArn"] for p in got["AttachedPolicies"]] == [arn]
    got = aws.iam.list_entities_for_policy(PolicyArn=arn)
    assert [u["UserName"] for u in got["PolicyUsers"]] == [user]
    assert [g["GroupName"] for g in got["PolicyGroups"]] == [group]
    assert [r["RoleName"] for r in got["PolicyRoles"]] == [role]
    aws.iam.detach_user_policy(UserName=user, PolicyArn=arn)
    with refused("NoSuchEntity", status=404):
        aws.iam.detach_user_policy(UserName=user, PolicyArn=arn)
    aws.iam.detach_group_policy(GroupName=group, PolicyArn=arn)
    aws.iam.detach_role_policy(RoleName=role, PolicyArn=arn)
    aws.iam.delete_policy(PolicyArn=arn)
    with refused("NoSuchEntity"):
        aws.iam.get_policy(PolicyArn=arn)


@behaviour("Attaching twice is attaching once", moto="AttachmentCount grows", localemu="AttachmentCount grows")
def test_attach_twice(aws):
    arn, user = aws.new_policy(ALLOW), aws.new_user()
    for _ in range(2):
        aws.iam.attach_user_policy(UserName=user, PolicyArn=arn)
    assert aws.iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1


@behaviour(
    "What AWS made can be attached: AdministratorAccess and its neighbours are there",
    awsim="any policy ARN is attached",
)
def test_aws_managed(aws):
    user = aws.new_user()
    aws.iam.attach_user_policy(UserName=user, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    got = aws.iam.list_attached_user_policies(UserName=user)["AttachedPolicies"]
    assert got == [{"PolicyName": "AdministratorAccess", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}]
    with refused("NoSuchEntity"):
        aws.iam.attach_user_policy(UserName=user, PolicyArn="arn:aws:iam::aws:policy/NoSuchPolicyAtAll")


@behaviour("Inline policies of users, groups and roles come back as they were put")
def test_inline(aws):
    user, group = aws.new_user(), unique("group")
    role, _ = aws.new_role(trust({"AWS": f"arn:aws:iam::{aws.account}:root"}))
    aws.iam.create_group(GroupName=group)
    for kind, name in (("user", user), ("group", group), ("role", role)):
        who = {f"{kind.title()}Name": name}

        def call(verb, end="y", kind=kind):
            return getattr(aws.iam, f"{verb}_{kind}_polic{end}")

        call("put")(**who, PolicyName="p", PolicyDocument=ALLOW)
        call("put")(**who, PolicyName="p", PolicyDocument=OTHER)
        assert call("get")(**who, PolicyName="p")["PolicyDocument"] == json.loads(OTHER)
        assert call("list", "ies")(**who)["PolicyNames"] == ["p"]
        call("delete")(**who, PolicyName="p")
        assert call("list", "ies")(**who)["PolicyNames"] == []
        with refused("NoSuchEntity", status=404):
            call("get")(**who, PolicyName="p")


@behaviour(
    "A boundary is shown by GetUser and GetRole, and can be taken away once", moto="boundaries are not implemented: 500"
)
def test_boundary(aws):
    arn, user = aws.new_policy(ALLOW), aws.new_user()
    role, _ = aws.new_role(trust({"AWS": f"arn:aws:iam::{aws.account}:root"}))
    aws.iam.put_user_permissions_boundary(UserName=user, PermissionsBoundary=arn)
    aws.iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=arn)
    assert aws.iam.get_user(UserName=user)["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn
    assert aws.iam.get_role(RoleName=role)["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn
    aws.iam.delete_user_permissions_boundary(UserName=user)
    aws.iam.delete_role_permissions_boundary(RoleName=role)
    assert "PermissionsBoundary" not in aws.iam.get_user(UserName=user)["User"]
    assert "PermissionsBoundary" not in aws.iam.get_role(RoleName=role)["Role"]


@behaviour(
    "Removing a boundary that is not there is NoSuchEntity",
    moto="boundaries are not implemented: 500",
    localemu="succeeds",
    awsim="succeeds",
)
def test_no_boundary(aws):
    with refused("NoSuchEntity", status=404):
        aws.iam.delete_user_permissions_boundary(UserName=aws.new_user())


@behaviour(
    "A role has a trust policy that can be replaced, a description, a session length and tags",
    awsim="tags of roles are lost",
)
def test_role(aws):
    trusted = trust({"AWS": f"arn:aws:iam::{aws.account}:root"})
    role, arn = aws.new_role(trusted, Path="/svc/", MaxSessionDuration=7200, Tags=[{"Key": "a", "Value": "1"}])
    got = aws.iam.get_role(RoleName=role)["Role"]
    assert got["RoleId"].startswith("AROA")
    assert arn == f"arn:aws:iam::{aws.account}:role/svc/{role}"
    assert got["MaxSessionDuration"] == 7200
    assert got["AssumeRolePolicyDocument"] == json.loads(trusted)
    aws.iam.update_role(RoleName=role, Description='a & b <c> "d"', MaxSessionDuration=3600)
    assert aws.iam.get_role(RoleName=role)["Role"]["Description"] == 'a & b <c> "d"'
    service = trust({"Service": "ec2.amazonaws.com"})
    assert aws.iam.list_instance_profiles_for_role(RoleName=role)["InstanceProfiles"] == []
    aws.iam.update_assume_role_policy(RoleName=role, PolicyDocument=service)
    assert aws.iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"] == json.loads(service)
    aws.iam.tag_role(RoleName=role, Tags=[{"Key": "b", "Value": "2"}])
    aws.iam.untag_role(RoleName=role, TagKeys=["a"])
    assert aws.iam.list_role_tags(RoleName=role)["Tags"] == [{"Key": "b", "Value": "2"}]
    aws.iam.delete_role(RoleName=role)
    with refused("NoSuchEntity"):
        aws.iam.get_role(RoleName=role)


@behaviour(
    "A trust policy that names somebody who does not exist is MalformedPolicyDocument",
    moto="the principal is not looked up",
    localemu="the principal is not looked up",
    awsim="the principal is not looked up",
)
def test_trust_of_nobody(aws):
    with refused("MalformedPolicyDocument", "Invalid principal in policy", status=400):
        aws.iam.create_role(
            RoleName=unique("role"), AssumeRolePolicyDocument=trust({"AWS": aws.arn("user", unique("none"))})
        )


@behaviour("UpdateRoleDescription answers with the role")
def test_role_description(aws):
    role, _ = aws.new_role(trust({"Service": "ec2.amazonaws.com"}))
    got = aws.iam.update_role_description(RoleName=role, Description="changed")["Role"]
    assert (got["RoleName"], got["Description"]) == (role, "changed")


@behaviour("Policies have tags")
def test_policy_tags(aws):
    arn = aws.new_policy(ALLOW, Tags=[{"Key": "a", "Value": "1"}])
    aws.iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    aws.iam.untag_policy(PolicyArn=arn, TagKeys=["a"])
    assert aws.iam.list_policy_tags(PolicyArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
