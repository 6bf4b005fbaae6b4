"""Instance profiles, and the one role that each may carry."""

from session import behaviour, document, refused, statement, trust, unique

EC2 = trust({"Service": "ec2.amazonaws.com"})


def new_profile(aws) -> str:
    """Create an instance profile and return its name."""
    name = unique("profile")
    aws.iam.create_instance_profile(InstanceProfileName=name)
    return name


@behaviour(
    "An instance profile has an id of its own and carries a role",
    moto="the id has no prefix",
    localemu="the id has no prefix",
)
def test_profile(aws):
    name, (role, _) = unique("profile"), aws.new_role(EC2)
    made = aws.iam.create_instance_profile(InstanceProfileName=name, Path="/app/")["InstanceProfile"]
    assert made["Arn"] == aws.arn("instance-profile", f"app/{name}")
    assert made["InstanceProfileId"].startswith("AIPA")
    aws.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
    got = aws.iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    assert [r["RoleName"] for r in got["Roles"]] == [role]
    of_role = aws.iam.list_instance_profiles_for_role(RoleName=role)["InstanceProfiles"]
    below = aws.iam.list_instance_profiles(PathPrefix="/app/")["InstanceProfiles"]
    assert [p["InstanceProfileName"] for p in of_role] == [name]
    assert name in [p["InstanceProfileName"] for p in below]


@behaviour(
    "An instance profile carries one role at most",
    awsim="refused, with another message",
)
def test_one_role(aws):
    name, (first, _), (second, _) = new_profile(aws), aws.new_role(EC2), aws.new_role(EC2)
    aws.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=first)
    with refused("LimitExceeded", "InstanceSessionsPerInstanceProfile: 1", status=409):
        aws.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=second)


@behaviour("A profile with a role cannot be deleted, nor the role")
def test_conflicts(aws):
    name, (role, _) = new_profile(aws), aws.new_role(EC2)
    aws.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
    with refused("DeleteConflict", status=409):
        aws.iam.delete_instance_profile(InstanceProfileName=name)
    with refused("DeleteConflict", status=409):
        aws.iam.delete_role(RoleName=role)
    aws.iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=role)
    aws.iam.delete_role(RoleName=role)
    aws.iam.delete_instance_profile(InstanceProfileName=name)


@behaviour(
    "Names of instance profiles differ in more than case",
    moto="makes both",
    localemu="makes both",
    awsim="makes both",
)
def test_names(aws):
    name = new_profile(aws)
    with refused("EntityAlreadyExists", status=409):
        aws.iam.create_instance_profile(InstanceProfileName=name.upper())


@behaviour(
    "Who puts a role into a profile must be allowed to pass it",
    moto="iam:PassRole is not asked for",
    localemu="iam:PassRole is not asked for",
    awsim="iam:PassRole is not asked for",
)
def test_pass_role(aws):
    name, (role, arn) = new_profile(aws), aws.new_role(EC2)
    user, user_name = aws.as_user(document(statement("Allow", "iam:AddRoleToInstanceProfile")))
    with refused("AccessDenied", "iam:PassRole", status=403):
        user.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
    both = document(statement("Allow", "iam:AddRoleToInstanceProfile"), statement("Allow", "iam:PassRole", arn))
    aws.iam.put_user_policy(UserName=user_name, PolicyName="inline", PolicyDocument=both)
    user.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
