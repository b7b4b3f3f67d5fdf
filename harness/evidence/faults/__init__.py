"""What was done to the cluster, and whether it was seen to take effect."""

from harness.slo.evidence import Evidence

EVIDENCE = Evidence("faults", 40, judge="harness.evidence.faults.judge:Faults")
