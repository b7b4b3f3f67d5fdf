"""What became of the cluster's members: who left, who reports which version, who serves nothing."""

from harness.slo.evidence import Evidence

EVIDENCE = Evidence(
    "members",
    60,
    judge="harness.evidence.members.judge:Members",
    recorder="harness.evidence.members.recorder:MembersRecorder",
    section="harness.evidence.members.section:MembersSection",
)
