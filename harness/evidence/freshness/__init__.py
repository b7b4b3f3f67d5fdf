"""How fresh answers are: Strong reads of what was written last."""

from harness.slo.evidence import Evidence

EVIDENCE = Evidence("freshness", 20, judge="harness.evidence.freshness.judge:Freshness")
