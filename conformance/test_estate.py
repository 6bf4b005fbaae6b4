"""Keys of KMS, VPCs with their flow logs, and instances with their profiles: what an audit reads of each region."""

import json
import os
import shlex
import subprocess

import pytest

import environment
from session import behaviour, document, refused, statement, trust, unique

EC2 = trust({"Service": "ec2.amazonaws.com"})
IMAGE = "ami-12c6146b"  # one of those that moto knows


@pytest.fixture(autouse=True)
def compared(aws):
    """Skip where nobody has looked yet."""
    if aws.name not in ("twin", "moto"):
        pytest.skip("compared with the twin and moto only")


def new_key(aws, **options) -> str:
    """Create a key and return its ARN."""
    return aws.client("kms").create_key(**options)["KeyMetadata"]["Arn"]


@behaviour("A new key is the customer's, enabled, symmetric, made by KMS, and does not rotate")
def test_key(aws):
    kms, arn = aws.client("kms"), new_key(aws, Description="a key")
    got = kms.describe_key(KeyId=arn)["KeyMetadata"]
    assert got["Arn"] == arn == f"arn:aws:kms:us-east-1:{aws.account}:key/{got['KeyId']}"
    assert (got["KeyManager"], got["KeyState"], got["Enabled"]) == ("CUSTOMER", "Enabled", True)
    assert (got["KeySpec"], got["Origin"]) == ("SYMMETRIC_DEFAULT", "AWS_KMS")
    assert (got["Description"], got["AWSAccountId"]) == ("a key", aws.account)
    assert kms.describe_key(KeyId=got["KeyId"])["KeyMetadata"]["Arn"] == arn
    assert kms.get_key_rotation_status(KeyId=arn)["KeyRotationEnabled"] is False
    keys = [k for page in kms.get_paginator("list_keys").paginate() for k in page["Keys"]]
    assert {"KeyId": got["KeyId"], "KeyArn": arn} in keys
    there = aws.there("kms", "us-west-2")
    with refused("NotFoundException", status=400):
        there.describe_key(KeyId=got["KeyId"])


@behaviour("Rotation is switched on, for 365 days where nobody says how many, and off", moto="it tells no period")
def test_rotation(aws):
    kms, arn = aws.client("kms"), new_key(aws)
    kms.enable_key_rotation(KeyId=arn)
    got = kms.get_key_rotation_status(KeyId=arn)
    assert (got["KeyRotationEnabled"], got["RotationPeriodInDays"]) == (True, 365)
    kms.enable_key_rotation(KeyId=arn, RotationPeriodInDays=90)
    assert kms.get_key_rotation_status(KeyId=arn)["RotationPeriodInDays"] == 90
    kms.disable_key_rotation(KeyId=arn)
    assert kms.get_key_rotation_status(KeyId=arn)["KeyRotationEnabled"] is False


@behaviour("A period of rotation is 2560 days at most", moto="it takes any")
def test_rotation_period(aws):
    arn = new_key(aws)
    with refused("ValidationException", status=400):
        aws.client("kms").enable_key_rotation(KeyId=arn, RotationPeriodInDays=2561)


@behaviour("Keys for signing and for codes of authentication have their kind")
@pytest.mark.parametrize(
    ("spec", "usage"),
    [("RSA_2048", "SIGN_VERIFY"), ("HMAC_256", "GENERATE_VERIFY_MAC"), ("ECC_NIST_P256", "SIGN_VERIFY")],
)
def test_kinds(aws, spec, usage):
    kms, arn = aws.client("kms"), new_key(aws, KeySpec=spec, KeyUsage=usage)
    got = kms.describe_key(KeyId=arn)["KeyMetadata"]
    assert (got["KeySpec"], got["KeyUsage"], got["Origin"]) == (spec, usage, "AWS_KMS")


@behaviour("They cannot rotate: UnsupportedOperationException", moto="it switches rotation on")
@pytest.mark.parametrize("spec", ["RSA_2048", "HMAC_256"])
def test_no_rotation(aws, spec):
    usage = "GENERATE_VERIFY_MAC" if spec.startswith("HMAC") else "SIGN_VERIFY"
    arn = new_key(aws, KeySpec=spec, KeyUsage=usage)
    with refused("UnsupportedOperationException", status=400):
        aws.client("kms").enable_key_rotation(KeyId=arn)


@behaviour("A key for material from outside waits for it", moto="it is enabled at once")
def test_imported(aws):
    arn = new_key(aws, Origin="EXTERNAL")
    got = aws.client("kms").describe_key(KeyId=arn)["KeyMetadata"]
    assert (got["Origin"], got["KeyState"]) == ("EXTERNAL", "PendingImport")


@behaviour("A key is disabled, or waits for its deletion, and says so")
def test_states(aws):
    kms, (disabled, dying) = aws.client("kms"), (new_key(aws).split("/")[1] for _ in range(2))
    kms.disable_key(KeyId=disabled)
    got = kms.describe_key(KeyId=disabled)["KeyMetadata"]
    assert (got["KeyState"], got["Enabled"]) == ("Disabled", False)
    kms.schedule_key_deletion(KeyId=dying, PendingWindowInDays=7)
    got = kms.describe_key(KeyId=dying)["KeyMetadata"]
    assert (got["KeyState"], got["Enabled"]) == ("PendingDeletion", False)
    assert "DeletionDate" in got


@behaviour(
    "The policy of a key must trust the account before policies of users count", moto="only DescribeKey looks at it"
)
def test_key_policy(aws):
    user = aws.new_user()
    own = statement("Allow", "kms:*") | {"Principal": {"AWS": aws.arn("user", user)}}
    arn = new_key(aws, Policy=document(own), BypassPolicyLockoutSafetyCheck=True)
    with refused("AccessDeniedException", status=400):
        aws.client("kms").get_key_rotation_status(KeyId=arn)
    let_in = aws.be(aws.key_of(user)).client("kms")
    assert let_in.get_key_rotation_status(KeyId=arn)["KeyRotationEnabled"] is False


def new_vpc(aws) -> str:
    """Create a VPC and return its id."""
    tag = [{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "conformance"}]}]
    return aws.client("ec2").create_vpc(CidrBlock="10.77.0.0/16", TagSpecifications=tag)["Vpc"]["VpcId"]


def new_flow_log(aws, vpc: str, traffic: str, bucket: str = "flows") -> str:
    """Create a flow log to a bucket and return its id."""
    made = aws.client("ec2").create_flow_logs(
        ResourceIds=[vpc],
        ResourceType="VPC",
        TrafficType=traffic,
        LogDestinationType="s3",
        LogDestination=f"arn:aws:s3:::{bucket}",
    )
    assert not made.get("Unsuccessful")
    return made["FlowLogIds"][0]


@behaviour("A VPC has its owner, and is found by id and by filter, in its region")
def test_vpc(aws):
    ec2, vpc = aws.client("ec2"), new_vpc(aws)
    (got,) = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"]
    assert (got["OwnerId"], got["IsDefault"], got["State"]) == (aws.account, False, "available")
    assert got["Tags"] == [{"Key": "Name", "Value": "conformance"}]
    (found,) = ec2.describe_vpcs(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Vpcs"]
    assert found["VpcId"] == vpc
    with refused("InvalidVpcID.NotFound", status=400):
        aws.there("ec2").describe_vpcs(VpcIds=[vpc])
    assert vpc in [v["VpcId"] for page in ec2.get_paginator("describe_vpcs").paginate() for v in page["Vpcs"]]


@behaviour("A flow log is active on its VPC, with what it records and where to")
def test_flow_log(aws):
    ec2, vpc = aws.client("ec2"), new_vpc(aws)
    aws.client("s3").create_bucket(Bucket=(bucket := unique("flows")))
    log = new_flow_log(aws, vpc, "REJECT", bucket)
    (got,) = ec2.describe_flow_logs(Filters=[{"Name": "resource-id", "Values": [vpc]}])["FlowLogs"]
    assert (got["FlowLogId"], got["ResourceId"], got["TrafficType"]) == (log, vpc, "REJECT")
    assert (got["FlowLogStatus"], got["DeliverLogsStatus"]) == ("ACTIVE", "SUCCESS")
    assert (got["LogDestinationType"], got["LogDestination"]) == ("s3", f"arn:aws:s3:::{bucket}")
    (by_id,) = ec2.describe_flow_logs(FlowLogIds=[log])["FlowLogs"]
    assert by_id["FlowLogId"] == log
    assert ec2.describe_flow_logs(Filters=[{"Name": "resource-id", "Values": ["vpc-none"]}])["FlowLogs"] == []


@behaviour(
    "A second flow log of the same kind to the same place is unsuccessful: FlowLogAlreadyExists",
    moto="it fails as a whole",
)
def test_second_flow_log(aws):
    vpc = new_vpc(aws)
    aws.client("s3").create_bucket(Bucket=(bucket := unique("flows")))
    new_flow_log(aws, vpc, "ALL", bucket)
    made = aws.client("ec2").create_flow_logs(
        ResourceIds=[vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestinationType="s3",
        LogDestination=f"arn:aws:s3:::{bucket}",
    )
    assert made["FlowLogIds"] == []
    (bad,) = made["Unsuccessful"]
    assert (bad["ResourceId"], bad["Error"]["Code"]) == (vpc, "FlowLogAlreadyExists")


def new_profile(aws) -> str:
    """Create an instance profile with a role and return its name."""
    name, (role, _) = unique("profile"), aws.new_role(EC2)
    aws.iam.create_instance_profile(InstanceProfileName=name)
    aws.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
    return name


def new_instance(aws, **options) -> str:
    """Run an instance and return its id."""
    made = aws.client("ec2").run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1, **options)
    return made["Instances"][0]["InstanceId"]


@behaviour("An instance shows its profile by ARN, one without shows none")
def test_instance(aws):
    ec2, profile = aws.client("ec2"), new_profile(aws)
    with_role, without = new_instance(aws, IamInstanceProfile={"Name": profile}), new_instance(aws)
    shown = {
        i["InstanceId"]: i.get("IamInstanceProfile", {}).get("Arn")
        for r in ec2.describe_instances(InstanceIds=[with_role, without])["Reservations"]
        for i in r["Instances"]
    }
    assert shown == {with_role: aws.arn("instance-profile", profile), without: None}


@behaviour("A profile is associated later, once")
def test_associate(aws):
    ec2, profile, instance = aws.client("ec2"), new_profile(aws), new_instance(aws)
    made = ec2.associate_iam_instance_profile(InstanceId=instance, IamInstanceProfile={"Name": profile})
    arn = aws.arn("instance-profile", profile)
    assert made["IamInstanceProfileAssociation"]["IamInstanceProfile"]["Arn"] == arn
    (reservation,) = ec2.describe_instances(InstanceIds=[instance])["Reservations"]
    assert reservation["Instances"][0]["IamInstanceProfile"]["Arn"] == arn
    with refused("IncorrectState", status=400):
        ec2.associate_iam_instance_profile(InstanceId=instance, IamInstanceProfile={"Name": profile})


@behaviour("A terminated instance is told of still, and says that it is")
def test_terminated(aws):
    ec2, instance = aws.client("ec2"), new_instance(aws)
    ec2.terminate_instances(InstanceIds=[instance])
    (reservation,) = ec2.describe_instances(InstanceIds=[instance])["Reservations"]
    assert reservation["Instances"][0]["State"] == {"Code": 48, "Name": "terminated"}
    with refused("InvalidInstanceID.NotFound", status=400):
        ec2.describe_instances(InstanceIds=["i-0123456789abcdef0"])


@behaviour(
    "Whoever runs an instance with a profile must be allowed to pass its role", moto="iam:PassRole is not asked for"
)
def test_pass_role(aws):
    profile = new_profile(aws)
    user, _ = aws.as_user(document(statement("Allow", "ec2:RunInstances")))
    new_instance(user)
    with refused("UnauthorizedOperation", "iam:PassRole", status=403):
        new_instance(user, IamInstanceProfile={"Name": profile})


@behaviour("The caller's policies decide, in EC2's words", moto="it asks with another text")
def test_permissions(aws):
    user, name = aws.as_user(document(statement("Allow", ["ec2:DescribeVpcs", "kms:ListKeys"])))
    assert "Vpcs" in user.client("ec2").describe_vpcs()
    assert "Keys" in user.client("kms").list_keys()
    text = (
        f"You are not authorized to perform this operation. User: {aws.arn('user', name)} is not authorized to "
        "perform: ec2:DescribeFlowLogs because no identity-based policy allows the ec2:DescribeFlowLogs action"
    )
    with refused("UnauthorizedOperation", text, status=403):
        user.client("ec2").describe_flow_logs()
    with refused("UnauthorizedOperation", status=403):
        user.client("ec2").describe_instances()


@behaviour("The AWS CLI reads keys, VPCs, flow logs and instances")
def test_cli(aws):
    arn, vpc, instance = new_key(aws), new_vpc(aws), new_instance(aws)
    assert arn in [k["KeyArn"] for k in aws.cli("kms", "list-keys")["Keys"]]
    assert aws.cli("kms", "get-key-rotation-status", "--key-id", arn)["KeyRotationEnabled"] is False
    aws.cli("kms", "enable-key-rotation", "--key-id", arn)
    assert aws.cli("kms", "get-key-rotation-status", "--key-id", arn)["KeyRotationEnabled"] is True
    assert aws.cli("ec2", "describe-vpcs", "--vpc-ids", vpc)["Vpcs"][0]["VpcId"] == vpc
    assert "FlowLogs" in aws.cli("ec2", "describe-flow-logs")
    got = aws.cli("ec2", "describe-instances", "--instance-ids", instance)
    assert got["Reservations"][0]["Instances"][0]["InstanceId"] == instance


@pytest.fixture(scope="module")
def audited(aws, request, tmp_path_factory):
    """Plant what passes and what fails, and judge it by the real program: subject to status, summary and command."""
    ec2, kms = aws.client("ec2"), aws.client("kms")
    aws.client("s3").create_bucket(Bucket=(bucket := unique("flows")))
    keys = {name: new_key(aws) for name in ("rotates", "stands", "old")}
    keys["signs"] = new_key(aws, KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    kms.enable_key_rotation(KeyId=keys["rotates"])
    kms.disable_key(KeyId=keys["old"].split("/")[1])
    vpcs = {name: new_vpc(aws) for name in ("logged", "half", "none")}
    new_flow_log(aws, vpcs["logged"], "REJECT", bucket)
    new_flow_log(aws, vpcs["half"], "ACCEPT", bucket)
    empty = unique("empty")
    aws.iam.create_instance_profile(InstanceProfileName=empty)
    instances = {
        "role": new_instance(aws, IamInstanceProfile={"Name": new_profile(aws)}),
        "empty": new_instance(aws, IamInstanceProfile={"Name": empty}),
        "none": new_instance(aws),
        "gone": new_instance(aws),
    }
    ec2.terminate_instances(InstanceIds=[instances["gone"]])
    of = f"arn:aws:ec2:us-east-1:{aws.account}"
    subjects = {f"key {n}": arn for n, arn in keys.items()}
    subjects |= {f"vpc {n}": f"{of}:vpc/{i}" for n, i in vpcs.items()}
    subjects |= {f"instance {n}": f"{of}:instance/{i}" for n, i in instances.items()}
    folder = tmp_path_factory.mktemp("estate")

    def judge() -> dict[str, dict]:
        def run(*words) -> str:
            env = environment.clean(
                AWS_ACCESS_KEY_ID=aws.who.key,
                AWS_SECRET_ACCESS_KEY=aws.who.secret,
                AWS_ENDPOINT_URL=aws.server.url,
                HOME=os.devnull,
            )
            program = str(request.config.rootpath.parent / "bin/warden")
            done = subprocess.run([program, *words], env=env, capture_output=True, text=True, check=False, timeout=300)
            assert done.returncode == 0, done.stderr
            return done.stdout

        file = str(folder / "account.json")
        run("collect", "--out", file, "--regions", "us-east-1")
        controls = "kms.rotation,vpc.flow-logs,instance.roles"
        report = json.loads(run("audit", "--from", file, "--control", controls, "-o", "json", "--fail-on", "none"))
        return {f["subject"]: f for f in report["findings"]}

    return subjects, judge


@behaviour("An audit finds keys that do not rotate, VPCs that are not logged, and instances without a role")
def test_audit(audited):
    subjects, judge = audited
    found = judge()
    assert {name: found[arn]["status"] for name, arn in subjects.items() if arn in found} == {
        "key rotates": "pass",
        "key stands": "fail",
        "key old": "not applicable",
        "key signs": "not applicable",
        "vpc logged": "pass",
        "vpc half": "fail",
        "vpc none": "fail",
        "instance role": "pass",
        "instance empty": "fail",
        "instance none": "fail",
    }


@behaviour("What the audit says to run takes the failures away")
def test_remedies(aws, audited):
    subjects, judge = audited
    found, fixed = judge(), ("key stands", "vpc none", "instance none")
    aws.client("s3").create_bucket(Bucket=(bucket := unique("flows")))
    profile = new_profile(aws)
    for name in fixed:
        command = found[subjects[name]]["command"].replace("BUCKET", bucket).replace("PROFILE", profile)
        program, *words = shlex.split(command)
        assert program == "aws"
        aws.cli(*words)
    after = judge()
    assert {name: after[subjects[name]]["status"] for name in fixed} == dict.fromkeys(fixed, "pass")
