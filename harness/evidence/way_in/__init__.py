"""How clients reach Milvus, where there is more to it than an address, and when that was broken."""

from harness.slo.evidence import Evidence

EVIDENCE = Evidence("way_in", 90, section="harness.evidence.way_in.section:WayInSection")
