"""What the orchestrator told: the resource's conditions, and its events."""

from harness.slo.evidence import Evidence

EVIDENCE = Evidence(
    "orchestrator",
    80,
    recorder="harness.evidence.orchestrator.recorder:OrchestratorRecorder",
    section="harness.evidence.orchestrator.section:OrchestratorSection",
)
