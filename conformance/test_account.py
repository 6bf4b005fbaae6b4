"""Lists with pages, keys, and the account as a whole."""

import json
import time

import pytest

from session import behaviour, document, refused, statement, trust, unique

THOUSAND = 1000


@pytest.fixture(scope="session")
def thousand(aws):
    """The names of a thousand users."""
    prefix = unique("many")
    names = [f"{prefix}-{i:04}" for i in range(THOUSAND)]
    for name in names:
        aws.iam.create_user(UserName=name, Path=f"/{prefix}/")
    return prefix, names


@behaviour("A thousand users are created, and the paginator finds each once")
def test_thousand_users(aws, thousand):
    prefix, names = thousand
    pages = list(aws.iam.get_paginator("list_users").paginate(PathPrefix=f"/{prefix}/"))
    got = [u["UserName"] for page in pages for u in page["Users"]]
    assert sorted(got) == names


@behaviour(
    "Lists come in pages of at most MaxItems, with IsTruncated and a Marker until the last",
    moto="answers with everything at once: MaxItems is ignored",
    localemu="answers with everything at once: MaxItems is ignored",
    awsim="a page has a hundred at most",
)
def test_pages(aws, thousand):
    prefix, names = thousand
    pages = list(
        aws.iam.get_paginator("list_users").paginate(PathPrefix=f"/{prefix}/", PaginationConfig={"PageSize": 300})
    )
    assert [len(p["Users"]) for p in pages] == [300, 300, 300, 100]
    assert [p["IsTruncated"] for p in pages] == [True, True, True, False]
    assert [u["UserName"] for p in pages for u in p["Users"]] == names


@behaviour(
    "Without MaxItems a page has a hundred",
    moto="answers with everything at once: MaxItems is ignored",
    localemu="answers with everything at once: MaxItems is ignored",
)
def test_default_page(aws, thousand):
    prefix, _ = thousand
    got = aws.iam.list_users(PathPrefix=f"/{prefix}/")
    assert len(got["Users"]) == 100
    assert got["IsTruncated"]


@behaviour(
    "A marker that no list gave is refused",
    moto="any marker is taken",
    localemu="any marker is taken",
    awsim="refused with another code",
)
def test_bad_marker(aws):
    with refused("ValidationError", status=400):
        aws.iam.list_users(Marker="nonsense")


@behaviour("The AWS CLI pages by itself: list-users --page-size 2 shows everybody once")
def test_cli_pages(aws):
    prefix = unique("few")
    names = [f"{prefix}-{i}" for i in range(5)]
    for name in names:
        aws.iam.create_user(UserName=name, Path=f"/{prefix}/")
    got = aws.cli("iam", "list-users", "--page-size", "2", "--path-prefix", f"/{prefix}/")
    assert [u["UserName"] for u in got["Users"]] == names
    got = aws.cli("iam", "list-users", "--page-size", "2", "--max-items", "3", "--path-prefix", f"/{prefix}/")
    assert len(got["Users"]) == 3
    rest = aws.cli("iam", "list-users", "--path-prefix", f"/{prefix}/", "--starting-token", got["NextToken"])
    assert [u["UserName"] for u in got["Users"] + rest["Users"]] == names


@behaviour(
    "Every list of IAM that warden reads has pages",
    moto="some lists ignore MaxItems",
    localemu="some lists ignore MaxItems",
    awsim="some lists ignore MaxItems",
)
def test_every_list_pages(aws):
    user, group = aws.new_user(), unique("group")
    role, _ = aws.new_role(trust({"Service": "ec2.amazonaws.com"}))
    aws.iam.create_group(GroupName=group)
    allow = document(statement("Allow", "sqs:*"))
    arns = [aws.new_policy(allow) for _ in range(3)]
    for arn in arns:
        aws.iam.attach_user_policy(UserName=user, PolicyArn=arn)
        aws.iam.attach_role_policy(RoleName=role, PolicyArn=arn)
        aws.iam.attach_group_policy(GroupName=group, PolicyArn=arn)
        name = arn.rsplit("/", 1)[1]
        aws.iam.put_user_policy(UserName=user, PolicyName=name, PolicyDocument=allow)
        aws.iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=allow)
        aws.iam.put_group_policy(GroupName=group, PolicyName=name, PolicyDocument=allow)
        other = unique("group")
        aws.iam.create_group(GroupName=other)
        aws.iam.add_user_to_group(GroupName=other, UserName=user)
        aws.iam.add_user_to_group(GroupName=group, UserName=aws.new_user())
    for _ in range(2):
        aws.iam.create_policy_version(PolicyArn=arns[0], PolicyDocument=allow)
    of_user, of_role, of_group = {"UserName": user}, {"RoleName": role}, {"GroupName": group}
    for operation, arguments, field in (
        ("list_attached_user_policies", of_user, "AttachedPolicies"),
        ("list_attached_role_policies", of_role, "AttachedPolicies"),
        ("list_attached_group_policies", of_group, "AttachedPolicies"),
        ("list_user_policies", of_user, "PolicyNames"),
        ("list_role_policies", of_role, "PolicyNames"),
        ("list_group_policies", of_group, "PolicyNames"),
        ("list_groups_for_user", of_user, "Groups"),
        ("get_group", of_group, "Users"),
        ("list_policy_versions", {"PolicyArn": arns[0]}, "Versions"),
    ):
        pages = list(aws.iam.get_paginator(operation).paginate(**arguments, PaginationConfig={"PageSize": 2}))
        assert [len(p[field]) for p in pages] == [2, 1], operation


@behaviour(
    "Groups and roles are listed below a path",
    moto="ListGroups ignores PathPrefix",
    localemu="ListGroups ignores PathPrefix",
)
def test_list_by_path(aws):
    prefix, group = unique("path"), unique("group")
    role, _ = aws.new_role(trust({"Service": "ec2.amazonaws.com"}), Path=f"/{prefix}/")
    aws.iam.create_group(GroupName=group, Path=f"/{prefix}/")
    got = aws.iam.list_roles(PathPrefix=f"/{prefix}/")["Roles"]
    assert [r["RoleName"] for r in got] == [role]
    got = aws.iam.list_groups(PathPrefix=f"/{prefix}/")["Groups"]
    assert [g["GroupName"] for g in got] == [group]


@behaviour(
    "ListPolicies tells the customer's policies from AWS's, and the attached from the rest",
    awsim="OnlyAttached is ignored",
)
def test_list_policies(aws):
    arn, idle, user = *(aws.new_policy(document(statement("Allow", "sqs:*"))) for _ in "ab"), aws.new_user()
    aws.iam.attach_user_policy(UserName=user, PolicyArn=arn)

    def found(**filters):
        pages = aws.iam.get_paginator("list_policies").paginate(**filters)
        return {p["Arn"] for page in pages for p in page["Policies"]}

    assert {arn, idle} <= found(Scope="Local")
    assert all(a.startswith(f"arn:aws:iam::{aws.account}:") for a in found(Scope="Local"))
    attached = found(Scope="Local", OnlyAttached=True)
    assert arn in attached
    assert idle not in attached
    assert "arn:aws:iam::aws:policy/AdministratorAccess" in found(Scope="AWS")


@behaviour("An access key is active when made, is listed without its secret, and can be switched off")
def test_keys(aws):
    user = aws.new_user()
    made = aws.iam.create_access_key(UserName=user)["AccessKey"]
    assert len(made["SecretAccessKey"]) == 40
    aws.iam.update_access_key(UserName=user, AccessKeyId=made["AccessKeyId"], Status="Inactive")
    got = aws.iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
    assert [(k["AccessKeyId"], k["Status"]) for k in got] == [(made["AccessKeyId"], "Inactive")]
    assert "SecretAccessKey" not in got[0]
    aws.iam.delete_access_key(UserName=user, AccessKeyId=made["AccessKeyId"])
    with refused("NoSuchEntity", status=404):
        aws.iam.delete_access_key(UserName=user, AccessKeyId=made["AccessKeyId"])


@behaviour("A key remembers its last use; before there is no date and the service is N/A", awsim="no use is recorded")
def test_key_last_used(aws):
    user, name = aws.as_user(document(statement("Allow", "*")))
    before = aws.iam.get_access_key_last_used(AccessKeyId=user.who.key)
    assert before["UserName"] == name
    assert "LastUsedDate" not in before["AccessKeyLastUsed"]
    assert before["AccessKeyLastUsed"]["ServiceName"] == "N/A"
    user.iam.list_users(MaxItems=1)
    after = aws.iam.get_access_key_last_used(AccessKeyId=user.who.key)["AccessKeyLastUsed"]
    assert after["ServiceName"] == "iam"
    assert abs(after["LastUsedDate"].timestamp() - time.time()) < 3600


@behaviour("The account summary counts", awsim="its answer has another form, which boto3 cannot read")
def test_summary(aws):
    before = aws.iam.get_account_summary()["SummaryMap"]
    aws.new_user()
    aws.new_role(trust({"Service": "ec2.amazonaws.com"}))
    aws.new_policy(document(statement("Allow", "sqs:*")))
    after = aws.iam.get_account_summary()["SummaryMap"]
    grown = {k: after[k] - before[k] for k in ("Users", "Roles", "Policies", "Groups")}
    assert grown == {"Users": 1, "Roles": 1, "Policies": 1, "Groups": 0}
    assert after["AccessKeysPerUserQuota"] == 2


def authorization_details(aws, **arguments):
    """Read GetAccountAuthorizationDetails to the end."""
    pages = list(aws.iam.get_paginator("get_account_authorization_details").paginate(**arguments))
    return pages, {
        field: [x for page in pages for x in page[field]]
        for field in ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
    }


@behaviour(
    "GetAccountAuthorizationDetails shows users, groups, roles and policies as they are", awsim="tags of users are lost"
)
def test_authorization_details(aws):
    allow = document(statement("Allow", "sqs:*"))
    arn, user, group = aws.new_policy(allow), aws.new_user(allow, Tags=[{"Key": "k", "Value": "v"}]), unique("group")
    role, _ = aws.new_role(trust({"Service": "ec2.amazonaws.com"}), allow)
    aws.iam.create_group(GroupName=group)
    aws.iam.add_user_to_group(GroupName=group, UserName=user)
    aws.iam.attach_user_policy(UserName=user, PolicyArn=arn)
    aws.iam.attach_group_policy(GroupName=group, PolicyArn=arn)
    _, all_of = authorization_details(aws)
    (u,) = [u for u in all_of["UserDetailList"] if u["UserName"] == user]
    assert u["GroupList"] == [group]
    assert u["UserPolicyList"] == [{"PolicyName": "inline", "PolicyDocument": json.loads(allow)}]
    assert [p["PolicyArn"] for p in u["AttachedManagedPolicies"]] == [arn]
    assert u["Tags"] == [{"Key": "k", "Value": "v"}]
    (g,) = [g for g in all_of["GroupDetailList"] if g["GroupName"] == group]
    assert [p["PolicyArn"] for p in g["AttachedManagedPolicies"]] == [arn]
    (r,) = [r for r in all_of["RoleDetailList"] if r["RoleName"] == role]
    assert r["AssumeRolePolicyDocument"] == json.loads(trust({"Service": "ec2.amazonaws.com"}))
    (p,) = [p for p in all_of["Policies"] if p["Arn"] == arn]
    assert p["AttachmentCount"] == 2
    assert [v["Document"] for v in p["PolicyVersionList"]] == [json.loads(allow)]


@behaviour(
    "GetAccountAuthorizationDetails has one marker over its four lists",
    moto="answers with everything at once: MaxItems is ignored",
    localemu="answers with everything at once: MaxItems is ignored",
    awsim="answers with everything at once: MaxItems is ignored",
)
def test_authorization_details_pages(aws, thousand):
    _, names = thousand
    pages, all_of = authorization_details(aws, PaginationConfig={"PageSize": 200})
    assert len(pages) > 5
    for page in pages:
        lists = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
        assert sum(len(page[field]) for field in lists) <= 200
    got = [u["UserName"] for u in all_of["UserDetailList"]]
    assert len(got) == len(set(got))
    assert set(names) <= set(got)


@behaviour("GetAccountAuthorizationDetails shows only what is asked for")
def test_authorization_details_filter(aws):
    aws.new_user()
    _, only = authorization_details(aws, Filter=["User"])
    assert only["UserDetailList"]
    assert not only["RoleDetailList"]
    assert not only["Policies"]


@behaviour("An account has one alias at most")
def test_alias(aws):
    alias = unique("alias")
    aws.iam.create_account_alias(AccountAlias=alias)
    assert aws.iam.list_account_aliases()["AccountAliases"] == [alias]
    aws.iam.delete_account_alias(AccountAlias=alias)
    assert aws.iam.list_account_aliases()["AccountAliases"] == []
