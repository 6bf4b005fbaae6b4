"""The alternate contacts of an account."""

import pytest

from session import behaviour, document, refused, statement

CONTACT = {
    "EmailAddress": "security@example.com",
    "Name": "Security",
    "PhoneNumber": "+1 555 0100",
    "Title": "Security",
}


@pytest.fixture(autouse=True)
def compared(aws):
    """Skip where nobody has looked yet."""
    if aws.name not in ("twin", "moto"):
        pytest.skip("compared with the twin and moto only")


@behaviour(
    "A contact of a kind is ResourceNotFoundException until it is put, and again when it is deleted",
    moto="another HTTP status",
)
def test_contact(aws):
    client = aws.client("account")
    with refused("ResourceNotFoundException", status=404):
        client.get_alternate_contact(AlternateContactType="SECURITY")
    client.put_alternate_contact(AlternateContactType="SECURITY", **CONTACT)
    got = client.get_alternate_contact(AlternateContactType="SECURITY")["AlternateContact"]
    assert got == CONTACT | {"AlternateContactType": "SECURITY"}
    with refused("ResourceNotFoundException"):
        client.get_alternate_contact(AlternateContactType="BILLING")
    client.delete_alternate_contact(AlternateContactType="SECURITY")
    with refused("ResourceNotFoundException"):
        client.get_alternate_contact(AlternateContactType="SECURITY")


@behaviour("The permission may be for some kinds of contact", moto="it knows no such condition key")
def test_permission(aws):
    only = statement("Allow", "account:GetAlternateContact")
    only["Condition"] = {"ForAnyValue:StringEquals": {"account:AlternateContactTypes": "SECURITY"}}
    other, _ = aws.as_user(document(only))
    with refused("ResourceNotFoundException"):
        other.client("account").get_alternate_contact(AlternateContactType="SECURITY")
    with refused("AccessDeniedException", status=403):
        other.client("account").get_alternate_contact(AlternateContactType="BILLING")
