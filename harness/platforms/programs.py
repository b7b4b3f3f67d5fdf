"""The programs that the platform kind calls, and what to do where one is missing."""

PROGRAMS = {
    "docker": "install Docker and start it",
    "kind": "install it (https://kind.sigs.k8s.io), or name a cluster with --platform kubernetes --context",
    "helm": "install it, or set operator.install to manifest or present",
}
