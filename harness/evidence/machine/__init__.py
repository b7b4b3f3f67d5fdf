"""What the machine did beside the run: what others took of it, and what it does by itself."""

from harness.slo.evidence import Evidence

EVIDENCE = Evidence(
    "machine",
    70,
    judge="harness.evidence.machine.judge:Machine",
    recorder="harness.evidence.machine.recorder:MachineRecorder",
    section="harness.evidence.machine.section:MachineSection",
)
