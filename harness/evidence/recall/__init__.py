"""How many of the exact neighbours searches find, and which answers lost some."""

from harness.slo.evidence import Evidence

EVIDENCE = Evidence(
    "recall", 30, judge="harness.evidence.recall.judge:Recall", section="harness.evidence.recall.section:RecallSection"
)
