"""An organization: its structure, its service control policies, and calls from one account into another."""

import json
import time
from dataclasses import dataclass

import pytest

import servers
from session import AWS, behaviour, document, refused, statement, trust, unique

pytestmark = behaviour("Organizations", awsim="EnablePolicyType is not served")

SCP = "SERVICE_CONTROL_POLICY"
FULL = "p-FullAWSAccess"
ACCESS = "OrganizationAccountAccessRole"
ALLOW_ALL = document(statement("Allow", "*"))
NO_USERS = document(statement("Deny", "iam:CreateUser"))


@dataclass
class Organization:
    """The management account, a member, and the ids that the tests name."""

    management: AWS
    member: AWS
    root: str
    unit: str

    @property
    def api(self):
        return self.management.client("organizations")

    def new_policy(self, content: str = NO_USERS) -> str:
        """Create a service control policy and return its id."""
        made = self.api.create_policy(Name=unique("scp"), Description="of the suite", Content=content, Type=SCP)
        return made["Policy"]["PolicySummary"]["Id"]

    def new_unit(self, parent: str | None = None) -> str:
        made = self.api.create_organizational_unit(ParentId=parent or self.root, Name=unique("unit"))
        return made["OrganizationalUnit"]["Id"]


@pytest.fixture(scope="session")
def server(aws, request, tmp_path_factory):
    """A server that has an organization, seen by the management account's administrator."""
    if aws.name != "twin":
        aws.client("organizations").create_organization(FeatureSet="ALL")
        yield aws
        return
    start, program = servers.TARGETS["twin"]
    program = request.config.rootpath / (request.config.getoption("program") or program)
    with start(tmp_path_factory.mktemp("organization"), program, "--organization") as own:
        yield AWS(own, own.admin)


@pytest.fixture(scope="session")
def org(server):
    """The organization, with its member in a unit of the suite's own."""
    api = server.client("organizations")
    root = api.list_roots()["Roots"][0]
    if not root["PolicyTypes"]:
        api.enable_policy_type(RootId=root["Id"], PolicyType=SCP)
    members = [a for a in api.list_accounts()["Accounts"] if a["Id"] != server.account]
    if members:
        member = members[0]["Id"]
    else:
        made = api.create_account(AccountName="member", Email="member@example.com")
        member = made["CreateAccountStatus"]["AccountId"]
    unit = api.create_organizational_unit(ParentId=root["Id"], Name=unique("unit"))["OrganizationalUnit"]["Id"]
    parent = api.list_parents(ChildId=member)["Parents"][0]["Id"]
    api.move_account(AccountId=member, SourceParentId=parent, DestinationParentId=unit)
    session = server.assume(f"arn:aws:iam::{member}:role/{ACCESS}")
    session.account = member
    return Organization(server, session, root["Id"], unit)


@behaviour("An account that belongs to no organization is told so")
def test_no_organization(aws):
    # The first of these tests: on other targets the organization is made for the next one.
    with refused("AWSOrganizationsNotInUseException", "not a member of an organization", status=400):
        aws.client("organizations").describe_organization()


@behaviour(
    "The organization names its management account, and every account sees it",
    moto="the role of an account that it creates has no permissions",
)
def test_describe(org):
    got = org.api.describe_organization()["Organization"]
    assert got["MasterAccountId"] == org.management.account
    assert got["FeatureSet"] == "ALL"
    assert got["Arn"] == f"arn:aws:organizations::{org.management.account}:organization/{got['Id']}"
    assert org.member.client("organizations").describe_organization()["Organization"]["Id"] == got["Id"]


@behaviour(
    "A member that is no delegated administrator cannot list the accounts",
    moto="refused with a body that boto3 cannot read",
    localemu="members list them",
)
def test_member_lists(org):
    with refused("AccessDeniedException", "You don't have permissions", status=400):
        org.member.client("organizations").list_accounts()


@behaviour("Accounts and units are found from above and from below")
def test_structure(org):
    accounts = {a["Id"]: a for a in org.api.list_accounts()["Accounts"]}
    assert {org.management.account, org.member.account} <= set(accounts)
    assert org.api.describe_account(AccountId=org.member.account)["Account"] == accounts[org.member.account]
    inside = org.new_unit(org.unit)
    got = org.api.describe_organizational_unit(OrganizationalUnitId=inside)["OrganizationalUnit"]
    below = org.api.list_organizational_units_for_parent(ParentId=org.unit)["OrganizationalUnits"]
    assert [u["Arn"] for u in below] == [got["Arn"]]
    assert [a["Id"] for a in org.api.list_accounts_for_parent(ParentId=org.unit)["Accounts"]] == [org.member.account]
    children = org.api.list_children(ParentId=org.unit, ChildType="ORGANIZATIONAL_UNIT")["Children"]
    assert children == [{"Id": inside, "Type": "ORGANIZATIONAL_UNIT"}]
    assert org.api.list_parents(ChildId=inside)["Parents"] == [{"Id": org.unit, "Type": "ORGANIZATIONAL_UNIT"}]
    org.api.delete_organizational_unit(OrganizationalUnitId=inside)
    assert not org.api.list_children(ParentId=org.unit, ChildType="ORGANIZATIONAL_UNIT")["Children"]


@behaviour(
    "A unit that is not empty cannot be deleted",
    moto="it is deleted",
    localemu="it is deleted",
)
def test_unit_in_use(org):
    unit = org.new_unit()
    org.new_unit(unit)
    with refused("OrganizationalUnitNotEmptyException", status=400):
        org.api.delete_organizational_unit(OrganizationalUnitId=unit)


@behaviour(
    "Names of units are unique below one parent",
    moto="two have one name",
    localemu="two have one name",
)
def test_unit_twice(org):
    name = unique("unit")
    org.api.create_organizational_unit(ParentId=org.root, Name=name)
    org.api.create_organizational_unit(ParentId=org.unit, Name=name)
    with refused("DuplicateOrganizationalUnitException", "same name", status=400):
        org.api.create_organizational_unit(ParentId=org.root, Name=name)


@behaviour(
    "What is not there is told by kind",
    localemu="refused with a body that boto3 cannot read",
)
def test_not_there(org):
    for code, call, arguments in (
        ("AccountNotFoundException", org.api.describe_account, {"AccountId": "999988887777"}),
        ("ParentNotFoundException", org.api.list_accounts_for_parent, {"ParentId": "r-none"}),
        ("PolicyNotFoundException", org.api.describe_policy, {"PolicyId": "p-nothing00"}),
        ("TargetNotFoundException", org.api.list_policies_for_target, {"TargetId": "r-none", "Filter": SCP}),
    ):
        with refused(code, status=400):
            call(**arguments)


@behaviour("An id of the wrong form is refused before it is looked for")
def test_wrong_form(org):
    with refused("InvalidInputException", status=400):
        org.api.describe_policy(PolicyId="nonsense")
    with refused("InvalidInputException", status=400):
        org.api.list_policies_for_target(TargetId="nonsense", Filter=SCP)


@behaviour(
    "FullAWSAccess is AWS's own policy and attached to everything new",
    moto="its ARN is of the account",
    localemu="its ARN is of the account",
)
def test_full_access(org):
    got = org.api.describe_policy(PolicyId=FULL)["Policy"]
    assert got["PolicySummary"]["AwsManaged"]
    assert got["PolicySummary"]["Arn"] == f"arn:aws:organizations::aws:policy/service_control_policy/{FULL}"
    attached = org.api.list_policies_for_target(TargetId=org.new_unit(), Filter=SCP)["Policies"]
    assert [p["Id"] for p in attached] == [FULL]


@behaviour("A policy is created, read, renamed, given another text, and deleted")
def test_policy(org):
    policy = org.new_policy()
    got = org.api.describe_policy(PolicyId=policy)["Policy"]
    assert json.loads(got["Content"]) == json.loads(NO_USERS)
    assert got["PolicySummary"]["Type"] == SCP
    assert got["PolicySummary"]["Description"] == "of the suite"
    assert f":policy/{org.api.describe_organization()['Organization']['Id']}/" in got["PolicySummary"]["Arn"]
    name = unique("scp")
    org.api.update_policy(PolicyId=policy, Name=name, Content=ALLOW_ALL)
    got = org.api.describe_policy(PolicyId=policy)["Policy"]
    assert (got["PolicySummary"]["Name"], json.loads(got["Content"])) == (name, json.loads(ALLOW_ALL))
    assert got["PolicySummary"]["Description"] == "of the suite"
    assert policy in [p["Id"] for p in org.api.list_policies(Filter=SCP)["Policies"]]
    org.api.delete_policy(PolicyId=policy)
    with refused("PolicyNotFoundException", status=400):
        org.api.describe_policy(PolicyId=policy)


@behaviour("Names of policies are unique")
def test_policy_twice(org):
    policy = org.new_policy()
    name = org.api.describe_policy(PolicyId=policy)["Policy"]["PolicySummary"]["Name"]
    with refused("DuplicatePolicyException", status=400):
        org.api.create_policy(Name=name, Description="", Content=NO_USERS, Type=SCP)


@behaviour(
    "A text that is no service control policy is refused",
    moto="any text is taken",
    localemu="any text is taken",
)
def test_policy_malformed(org):
    for text in ("{", document({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"})):
        with refused("MalformedPolicyDocumentException", status=400):
            org.api.create_policy(Name=unique("scp"), Description="", Content=text, Type=SCP)


@behaviour(
    "A policy that is too long is refused",
    moto="any length is taken",
    localemu="any length is taken",
)
def test_policy_size(org):
    text = document(*(statement("Deny", f"iam:Create{i:04}") for i in range(300)))
    with refused("ConstraintViolationException", status=400):
        org.api.create_policy(Name=unique("scp"), Description="", Content=text, Type=SCP)


@behaviour(
    "AWS's own policy can be neither changed nor deleted",
    moto="it can be changed",
    localemu="it can be changed",
)
def test_policy_of_aws(org):
    with refused("InvalidInputException", status=400):
        org.api.update_policy(PolicyId=FULL, Name="mine")
    with refused("InvalidInputException", status=400):
        org.api.delete_policy(PolicyId=FULL)


@behaviour("A policy is attached, found from both sides, and detached")
def test_attach(org):
    policy, unit = org.new_policy(), org.new_unit()
    org.api.attach_policy(PolicyId=policy, TargetId=unit)
    assert [t["TargetId"] for t in org.api.list_targets_for_policy(PolicyId=policy)["Targets"]] == [unit]
    attached = org.api.list_policies_for_target(TargetId=unit, Filter=SCP)["Policies"]
    assert {p["Id"] for p in attached} == {FULL, policy}
    org.api.detach_policy(PolicyId=policy, TargetId=unit)
    assert not org.api.list_targets_for_policy(PolicyId=policy)["Targets"]


@behaviour(
    "A service control policy that is attached cannot be deleted",
    localemu="refused with a body that boto3 cannot read",
)
def test_policy_in_use(org):
    policy = org.new_policy()
    org.api.attach_policy(PolicyId=policy, TargetId=org.new_unit())
    with refused("PolicyInUseException", status=400):
        org.api.delete_policy(PolicyId=policy)


@behaviour(
    "A policy is attached once",
    moto="no error",
    localemu="no error",
)
def test_attach_twice(org):
    policy, unit = org.new_policy(), org.new_unit()
    org.api.attach_policy(PolicyId=policy, TargetId=unit)
    with refused("DuplicatePolicyAttachmentException", status=400):
        org.api.attach_policy(PolicyId=policy, TargetId=unit)


@behaviour(
    "A policy that is not attached cannot be detached",
    moto="no error",
    localemu="no error",
)
def test_detach_absent(org):
    with refused("PolicyNotAttachedException", status=400):
        org.api.detach_policy(PolicyId=org.new_policy(), TargetId=org.new_unit())


@behaviour(
    "The last policy of a target cannot be detached",
    moto="it is detached",
    localemu="it is detached",
)
def test_detach_last(org):
    with refused("ConstraintViolationException", "last policy", status=400):
        org.api.detach_policy(PolicyId=FULL, TargetId=org.new_unit())


@behaviour(
    "A policy is not to be attached to what is not there",
    moto="refused with another code",
    localemu="refused with a body that boto3 cannot read",
)
def test_attach_nowhere(org):
    with refused("TargetNotFoundException", status=400):
        org.api.attach_policy(PolicyId=org.new_policy(), TargetId=f"ou-{org.root[2:]}-nothing00")


@behaviour(
    "An account is moved from where it is to where it is not",
    moto="a move to where it is is no error",
    localemu="a move to where it is is no error",
)
def test_move(org):
    unit = org.new_unit()
    move = {"AccountId": org.member.account, "SourceParentId": org.unit}
    org.api.move_account(**move, DestinationParentId=unit)
    assert org.api.list_parents(ChildId=org.member.account)["Parents"][0]["Id"] == unit
    org.api.move_account(AccountId=org.member.account, SourceParentId=unit, DestinationParentId=org.unit)
    with refused("DuplicateAccountException", status=400):
        org.api.move_account(**move, DestinationParentId=org.unit)


@behaviour("Lists have pages of at most twenty")
def test_pages(org):
    made = {org.new_policy() for _ in range(25)}
    pages = list(org.api.get_paginator("list_policies").paginate(Filter=SCP))
    assert all(len(p["Policies"]) <= 20 for p in pages)
    assert len(pages) > 1
    assert made <= {p["Id"] for page in pages for p in page["Policies"]}


@behaviour(
    "A role of another account is assumed by the policies of both, and the session is of the role's account",
    moto="the role of an account that it creates has no permissions",
)
def test_assume(org):
    assert org.member.sts.get_caller_identity()["Arn"].startswith(
        f"arn:aws:sts::{org.member.account}:assumed-role/{ACCESS}/"
    )
    name = org.member.new_user()
    assert org.member.iam.get_user(UserName=name)["User"]["Arn"] == org.member.arn("user", name)
    with refused("NoSuchEntity", status=404):
        org.management.iam.get_user(UserName=name)


@behaviour(
    "A role of another account that trusts somebody else is refused",
    moto="the role of an account that it creates has no permissions",
)
def test_assume_untrusted(org):
    other, name = org.management.as_user(ALLOW_ALL)
    stranger, _ = org.management.as_user(ALLOW_ALL)
    _, arn = org.member.new_role(trust({"AWS": org.management.arn("user", name)}), ALLOW_ALL)
    other.assume(arn)
    with refused("AccessDenied", "sts:AssumeRole", status=403):
        stranger.assume(arn)


@behaviour(
    "Across accounts the caller's own policies must allow it too, also where the role trusts him by name",
    moto="the role of an account that it creates has no permissions",
)
def test_assume_without_permission(org):
    other, name = org.management.as_user(document(statement("Allow", "s3:*")))
    _, arn = org.member.new_role(trust({"AWS": org.management.arn("user", name)}), ALLOW_ALL)
    with refused("AccessDenied", "sts:AssumeRole", status=403):
        other.assume(arn)


@behaviour(
    "A service control policy denies a member what it names and nothing else, and says so",
    moto="the role of an account that it creates has no permissions",
    localemu="they deny nothing",
)
def test_control_policy(org):
    policy = org.new_policy()
    org.member.new_user()  # the control: it is allowed until the policy is there
    org.api.attach_policy(PolicyId=policy, TargetId=org.unit)
    with refused("AccessDenied", "with an explicit deny in a service control policy", status=403):
        org.member.new_user()
    org.member.new_policy(ALLOW_ALL)
    org.management.new_user()
    org.api.detach_policy(PolicyId=policy, TargetId=org.unit)
    org.member.new_user()


@behaviour(
    "Every level must allow: without FullAWSAccess only what another policy allows is left",
    moto="the role of an account that it creates has no permissions",
    localemu="they deny nothing",
)
def test_control_policy_allows(org):
    policy = org.new_policy(document(statement("Allow", "iam:List*")))
    org.api.attach_policy(PolicyId=policy, TargetId=org.member.account)
    org.member.new_user()
    org.api.detach_policy(PolicyId=FULL, TargetId=org.member.account)
    org.member.iam.list_users(MaxItems=1)
    with refused("AccessDenied", "no service control policy allows the iam:CreateUser action", status=403):
        org.member.new_user()
    org.api.attach_policy(PolicyId=FULL, TargetId=org.member.account)
    org.api.detach_policy(PolicyId=policy, TargetId=org.member.account)


@behaviour(
    "The management account and an account that was created in the organization cannot leave it",
    moto="not implemented",
    localemu="not implemented",
)
def test_leave(org):
    with refused("MasterCannotLeaveOrganizationException", status=400):
        org.api.leave_organization()
    with refused("ConstraintViolationException", status=400):
        org.member.client("organizations").leave_organization()


@behaviour(
    "A delegated administrator of a service is registered, listed and removed, and may read meanwhile",
    moto="the role of an account that it creates has no permissions",
)
def test_delegate(org):
    who = {"AccountId": org.member.account, "ServicePrincipal": "guardduty.amazonaws.com"}
    org.api.register_delegated_administrator(**who)
    got = org.api.list_delegated_administrators()["DelegatedAdministrators"]
    assert [d["Id"] for d in got] == [org.member.account]
    services = org.api.list_delegated_services_for_account(AccountId=org.member.account)["DelegatedServices"]
    assert [s["ServicePrincipal"] for s in services] == ["guardduty.amazonaws.com"]
    org.member.client("organizations").list_accounts()
    with refused("AccountAlreadyRegisteredException", status=400):
        org.api.register_delegated_administrator(**who)
    org.api.deregister_delegated_administrator(**who)
    with refused("AccountNotRegisteredException", status=400):
        org.api.deregister_delegated_administrator(**who)


@behaviour("The management account cannot be a delegated administrator")
def test_delegate_management(org):
    with refused("ConstraintViolationException", status=400):
        org.api.register_delegated_administrator(
            AccountId=org.management.account, ServicePrincipal="guardduty.amazonaws.com"
        )


@behaviour(
    "A role that is assumed from another account is recorded in both, under one shared id",
    moto="LookupEvents is not implemented",
    localemu="no shared id",
)
def test_shared_record(org):
    session = unique("session")
    org.management.sts.assume_role(RoleArn=f"arn:aws:iam::{org.member.account}:role/{ACCESS}", RoleSessionName=session)

    def record(account: AWS) -> dict:
        deadline = time.monotonic() + account.server.patience
        while True:
            found = account.client("cloudtrail").lookup_events(
                LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "AssumeRole"}]
            )["Events"]
            for e in map(json.loads, (e["CloudTrailEvent"] for e in found)):
                if e["requestParameters"]["roleSessionName"] == session:
                    return e
            assert time.monotonic() < deadline, "there is no record"

    mine, theirs = record(org.management), record(org.member)
    assert mine["sharedEventID"] == theirs["sharedEventID"]
    assert mine["eventID"] != theirs["eventID"]
    assert (mine["userIdentity"]["type"], theirs["userIdentity"]["type"]) == ("IAMUser", "AWSAccount")
    assert theirs["userIdentity"]["accountId"] == org.management.account
    assert theirs["recipientAccountId"] == org.member.account


@behaviour(
    "A change of a policy is recorded with the policy that it made",
    moto="LookupEvents is not implemented",
)
def test_policy_record(org):
    policy = org.new_policy()
    org.api.update_policy(PolicyId=policy, Content=ALLOW_ALL)
    deadline = time.monotonic() + org.management.server.patience
    while True:
        found = org.management.client("cloudtrail").lookup_events(
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "UpdatePolicy"}]
        )["Events"]
        records = [json.loads(e["CloudTrailEvent"]) for e in found]
        records = [r for r in records if r["requestParameters"]["policyId"] == policy]
        if records or time.monotonic() > deadline:
            break
    (record,) = records
    assert (record["eventSource"], record["awsRegion"]) == ("organizations.amazonaws.com", "us-east-1")
    assert record["requestParameters"] == {"policyId": policy, "content": ALLOW_ALL}
    assert record["responseElements"]["policy"]["content"] == ALLOW_ALL
    assert record["responseElements"]["policy"]["policySummary"]["awsManaged"] is False


@behaviour(
    "The policy of a bus admits an account, and another account's events come with its account number",
    moto="the role of an account that it creates has no permissions",
    localemu="PutPermission wants the name of the bus",
)
def test_events_to_another_account(org):
    bus = f"arn:aws:events:us-east-1:{org.management.account}:event-bus/default"
    hub, member = org.management.client("events"), org.member.client("events")
    name = unique("rule")
    pattern = json.dumps({"source": ["suite"], "detail-type": [name]})
    rule = hub.put_rule(Name=name, EventPattern=pattern)["RuleArn"]
    url, queue = org.management.open_queue("events", rule)
    hub.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": queue}])
    _, role = org.member.new_role(
        trust({"Service": "events.amazonaws.com"}), document(statement("Allow", "events:PutEvents", bus))
    )
    member.put_rule(Name=name, EventPattern=pattern)
    hub.put_permission(StatementId=name, Action="events:PutEvents", Principal=org.member.account)
    assert name in hub.describe_event_bus()["Policy"]
    member.put_targets(Rule=name, Targets=[{"Id": "hub", "Arn": bus, "RoleArn": role}])
    member.put_events(Entries=[{"Source": "suite", "DetailType": name, "Detail": "{}"}])
    got = org.management.receive(url)
    assert got is not None, "no event came"
    assert (got["account"], got["detail-type"]) == (org.member.account, name)
    hub.remove_permission(StatementId=name)
    member.put_events(Entries=[{"Source": "suite", "DetailType": name, "Detail": "{}"}])
    assert org.management.receive(url) is None


@behaviour(
    "A target that is a bus of another account needs a role, and a bus that admits the sender",
    moto="the role of an account that it creates has no permissions",
    localemu="no role is needed",
)
def test_bus_target(org):
    member, name = org.member.client("events"), unique("rule")
    bus = f"arn:aws:events:us-east-1:{org.management.account}:event-bus/default"
    member.put_rule(Name=name, EventPattern=json.dumps({"source": ["suite"]}))
    with refused("ValidationException", "RoleArn is required", status=400):
        member.put_targets(Rule=name, Targets=[{"Id": "hub", "Arn": bus}])
    _, role = org.member.new_role(
        trust({"Service": "events.amazonaws.com"}), document(statement("Allow", "events:PutEvents", bus))
    )
    with refused("AccessDeniedException", status=400):
        member.put_targets(Rule=name, Targets=[{"Id": "hub", "Arn": bus, "RoleArn": role}])


@behaviour(
    "Without service control policies nothing is denied; switched on again, everything has FullAWSAccess",
    moto="the role of an account that it creates has no permissions",
    localemu="switched off, policies can still be attached",
)
def test_policy_type(org):
    policy = org.new_policy()
    org.api.attach_policy(PolicyId=policy, TargetId=org.unit)
    with refused("PolicyTypeAlreadyEnabledException", status=400):
        org.api.enable_policy_type(RootId=org.root, PolicyType=SCP)
    org.api.disable_policy_type(RootId=org.root, PolicyType=SCP)
    try:
        org.member.new_user()
        assert not org.api.list_roots()["Roots"][0]["PolicyTypes"]
        with refused("PolicyTypeNotEnabledException", status=400):
            org.api.attach_policy(PolicyId=policy, TargetId=org.unit)
    finally:
        org.api.enable_policy_type(RootId=org.root, PolicyType=SCP)
    attached = org.api.list_policies_for_target(TargetId=org.unit, Filter=SCP)["Policies"]
    assert [p["Id"] for p in attached] == [FULL]
