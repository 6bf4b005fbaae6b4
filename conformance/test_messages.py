"""Queues and topics."""

import json

import pytest

from session import behaviour, refused, unique


@behaviour(
    "A message is sent, hidden while it is read, and deleted", awsim="a look at the hidden message counts as a read"
)
def test_queue(aws):
    sqs = aws.client("sqs")
    url, arn = aws.new_queue(VisibilityTimeout="30")
    assert arn == f"arn:aws:sqs:us-east-1:{aws.account}:{url.rsplit('/', 1)[1]}"
    assert sqs.get_queue_url(QueueName=url.rsplit("/", 1)[1])["QueueUrl"] == url
    assert url in sqs.list_queues(QueueNamePrefix="conf-queue-")["QueueUrls"]
    sqs.send_message(QueueUrl=url, MessageBody="héllo <&>")
    (got,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert got["Body"] == "héllo <&>"
    assert not sqs.receive_message(QueueUrl=url).get("Messages")
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=got["ReceiptHandle"], VisibilityTimeout=0)
    (again,) = sqs.receive_message(QueueUrl=url, AttributeNames=["ApproximateReceiveCount"])["Messages"]
    assert again["MessageId"] == got["MessageId"]
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"
    sqs.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "0"
    assert attributes["ApproximateNumberOfMessagesNotVisible"] == "0"
    assert attributes["VisibilityTimeout"] == "30"
    sqs.delete_queue(QueueUrl=url)


@behaviour("Messages are sent and deleted in batches of up to ten, and a queue is purged")
def test_batches(aws):
    sqs = aws.client("sqs")
    url, _ = aws.new_queue()
    sent = sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(i), "MessageBody": f"m{i}"} for i in range(10)])
    assert len(sent["Successful"]) == 10
    got = {}
    while len(got) < 10:
        page = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)["Messages"]
        got |= {m["Body"]: m["ReceiptHandle"] for m in page}
    assert set(got) == {f"m{i}" for i in range(10)}
    handles = [{"Id": str(i), "ReceiptHandle": h} for i, h in enumerate(got.values())]
    shown = [e | {"VisibilityTimeout": 60} for e in handles]
    assert len(sqs.change_message_visibility_batch(QueueUrl=url, Entries=shown)["Successful"]) == 10
    assert len(sqs.delete_message_batch(QueueUrl=url, Entries=handles[:9])["Successful"]) == 9
    sqs.send_message(QueueUrl=url, MessageBody="late")
    sqs.purge_queue(QueueUrl=url)
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "0"


@behaviour(
    "A queue that does not exist has a code that clients know by name", awsim="the code is that of the query protocol"
)
def test_no_queue(aws):
    sqs = aws.client("sqs")
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName=unique("none"))


@behaviour("A message read too often goes to the dead-letter queue")
def test_dead_letters(aws):
    sqs = aws.client("sqs")
    dead_url, dead = aws.new_queue()
    url, _ = aws.new_queue(
        RedrivePolicy=json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": "1"}), VisibilityTimeout="0"
    )
    sqs.send_message(QueueUrl=url, MessageBody='"late"')
    assert sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)["Messages"]
    assert not sqs.receive_message(QueueUrl=url).get("Messages")
    assert aws.receive(dead_url) == "late"


@behaviour("What is published to a topic reaches the queues subscribed to it, in SNS's envelope")
def test_topic(aws):
    sns = aws.client("sns")
    topic = sns.create_topic(Name=unique("topic"))["TopicArn"]
    assert sns.create_topic(Name=topic.rsplit(":", 1)[1])["TopicArn"] == topic
    url, arn = aws.open_queue("sns", topic)
    made = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
    listed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert [(s["Protocol"], s["Endpoint"]) for s in listed] == [("sqs", arn)]
    assert topic in [t["TopicArn"] for page in sns.get_paginator("list_topics").paginate() for t in page["Topics"]]
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["TopicArn"] == topic
    sent = sns.publish(TopicArn=topic, Subject="s", Message="m")
    body = aws.receive(url)
    assert body["Type"] == "Notification"
    assert (body["TopicArn"], body["Subject"], body["Message"]) == (topic, "s", "m")
    assert body["MessageId"] == sent["MessageId"]
    assert arn in [
        s["Endpoint"] for p in sns.get_paginator("list_subscriptions").paginate() for s in p["Subscriptions"]
    ]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="DisplayName", AttributeValue="shown")
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"] == "shown"
    sns.unsubscribe(SubscriptionArn=made["SubscriptionArn"])
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
    sns.delete_topic(TopicArn=topic)
    with refused("NotFound", status=404):
        sns.publish(TopicArn=topic, Message="m")
