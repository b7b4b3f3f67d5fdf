"""Each of the things that Milvus depends on is killed and started again."""

from harness.api import Kill, Outcome, Role, Scenario, scenario

ETCD = Scenario(
    name="etcd-restarted",
    title="etcd is restarted",
    faults=(Kill(Role.ETCD, heal_after_s=2),),
)
OBJECT_STORE = Scenario(
    name="object-store-restarted",
    title="The object store is restarted",
    faults=(Kill(Role.OBJECT_STORE, heal_after_s=2),),
)
MESSAGE_QUEUE = Scenario(
    name="message-queue-restarted",
    title="Kafka is restarted",
    faults=(Kill(Role.MESSAGE_QUEUE, heal_after_s=2),),
)


@scenario(ETCD)
def test_etcd_restarted(outcome: Outcome) -> None:
    assert outcome.passed, outcome.why


@scenario(OBJECT_STORE)
def test_object_store_restarted(outcome: Outcome) -> None:
    assert outcome.passed, outcome.why


@scenario(MESSAGE_QUEUE)
def test_message_queue_restarted(outcome: Outcome) -> None:
    assert outcome.passed, outcome.why
