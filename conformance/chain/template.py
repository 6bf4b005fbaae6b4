"""The templates guard and audit as ministack can deploy them. What is changed is listed here and in docs/deploy.md,
and nowhere else."""

import copy

import yaml

# Resource types of the stack that ministack does not know. It enforces no policy, so nothing hangs on them.
UNKNOWN_TYPES = {"AWS::IAM::RolePolicy"}
UNKNOWN_IN_AUDIT = {"AWS::IAM::Group"}

# Parameters of type Number, which ministack hands to a resource as text, and then cannot compare.
NUMBERS = {"Concurrency": 5, "SilenceHours": 24, "LambdaMemory": 1024, "ReportRetentionDays": 400}

# Only AWS puts events of a source aws.* on a bus; ministack refuses them from PutEvents as AWS does. Here events of
# this source stand for AWS's, and the rule's target gives them the envelope that AWS's have.
SOURCE = "conformance.iam"
ENVELOPE = (
    '{"version":"0","id":<id>,"detail-type":"AWS API Call via CloudTrail","source":"aws.iam","account":<account>,'
    '"time":<time>,"region":<region>,"resources":[],"detail":<detail>}'
)


class _Loader(yaml.SafeLoader):
    """Reads the short forms of intrinsic functions, of which ministack's own reader does not know !Contains."""


def _intrinsic(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict:
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if name == "GetAtt":
        value = value.split(".", 1)
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _intrinsic)


def read(text: str | bytes) -> dict:
    """Return a template with the long forms of its functions, as JSON has them."""
    return yaml.load(text, _Loader)  # noqa: S506


def for_ministack(text: str | bytes) -> dict:
    """Return the template with the changes above."""
    changed = copy.deepcopy(read(text))
    resources = changed["Resources"] = _numbers(changed["Resources"])
    for name in [n for n, r in resources.items() if r["Type"] in UNKNOWN_TYPES | UNKNOWN_IN_AUDIT]:
        del resources[name]
    for r in resources.values():
        if "DependsOn" in r:
            r["DependsOn"] = [d for d in r["DependsOn"] if d in resources]
    if "AuditSchedule" in resources:
        # It hands over the input as it stands, without the context attributes of EventBridge Scheduler.
        resources["AuditSchedule"]["Properties"]["Target"]["Input"] = "{}"
        return changed
    rule = resources["IdentityRule"]["Properties"]
    rule["EventPattern"]["source"].append(SOURCE)
    paths = {name: f"$.{name}" for name in ("id", "account", "time", "region", "detail")}
    rule["Targets"][0]["InputTransformer"] = {"InputPathsMap": paths, "InputTemplate": ENVELOPE}
    return changed


def _numbers(value):
    if isinstance(value, dict):
        if list(value) == ["Ref"] and value["Ref"] in NUMBERS:
            return NUMBERS[value["Ref"]]
        return {k: _numbers(v) for k, v in value.items()}
    return [_numbers(v) for v in value] if isinstance(value, list) else value
