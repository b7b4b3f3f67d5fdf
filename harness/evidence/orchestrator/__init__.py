"""What the orchestrator told: the resource's conditions, and its events."""

from harness.slo.evidence import Evidence

EVIDENCE = Evidence("orchestrator", 80, section="harness.evidence.orchestrator.section:OrchestratorSection")
