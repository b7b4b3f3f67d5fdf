"""What was acknowledged against what is there in the end."""

from harness.slo.evidence import Evidence

EVIDENCE = Evidence(
    "data", 50, judge="harness.evidence.data.judge:Data", recorder="harness.evidence.data.recorder:DataRecorder"
)
