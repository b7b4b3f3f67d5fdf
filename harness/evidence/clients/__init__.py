"""How clients were served: in time, well, and again after a fault."""

from harness.slo.evidence import Evidence

EVIDENCE = Evidence(
    "clients",
    10,
    judge="harness.evidence.clients.judge:Clients",
    section="harness.evidence.clients.section:ClientsSection",
)
