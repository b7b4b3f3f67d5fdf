"""What is done inside a pod's container: signals to its program, without anything but a shell."""

from __future__ import annotations

from kubernetes.stream import stream

from harness.errors import ClusterError
from harness.platforms.kubernetes.access.api import Kube
from harness.platforms.kubernetes.milvus.pods import Pod

_TIMEOUT_S = 10
# Every process of the container but its first one, which a signal from inside can't end, and the shell itself.
_OTHERS = (
    'for d in /proc/[0-9]*; do p=${d#/proc/}; [ "$p" = 1 ] || [ "$p" = $$ ] || '
    '{ read -r c < $d/comm && [ "$c" != sh ] && echo "$p"; } 2>/dev/null; done'
)
_STATES = f'for p in $({_OTHERS}); do sed -n "s/^State:[[:space:]]*//p" /proc/$p/status; done'


def signal(kube: Kube, namespace: str, pod: Pod, name: str) -> None:
    """Send a signal (KILL, STOP, CONT) to the container's program. Errors: ClusterError."""
    answer = run(kube, namespace, pod, f'set -- $({_OTHERS}); [ $# -gt 0 ] && kill -{name} "$@" && echo sent')
    if "sent" not in answer:
        raise ClusterError(
            f"SIG{name} could not be sent: {answer.strip() or 'its program is the container itself'}",
            where=f"pod {pod.name}",
            mend="run it under an init such as tini, as Milvus's own image does",
        )


def is_paused(kube: Kube, namespace: str, pod: Pod) -> bool:
    """Whether the container's program stands. Errors: ClusterError."""
    states = set(run(kube, namespace, pod, _STATES).split())
    return "T" in states and not states & {"R", "S", "D"}


def run(kube: Kube, namespace: str, pod: Pod, script: str) -> str:
    """Run a shell script in the pod's container and return what it printed. Errors: ClusterError."""
    try:
        with kube.core() as core:
            opened = stream(
                core.connect_get_namespaced_pod_exec,
                pod.name,
                namespace,
                container=pod.container,
                command=["/bin/sh", "-c", script],
                stdout=True,
                stderr=True,
                stdin=False,
                tty=False,
                _request_timeout=_TIMEOUT_S,
                _preload_content=False,
            )
            try:
                opened.run_forever(timeout=_TIMEOUT_S)
                return str(opened.read_all())
            finally:
                opened.sock.shutdown()  # its own close leaves open what the other side ended
    except Exception as error:  # noqa: BLE001 - the client raises its own, the websocket's and the socket's
        said = str(getattr(error, "reason", "") or error).splitlines()[0]
        raise ClusterError(f"nothing can be run in it: {said}", where=f"pod {pod.name}", mend="see its log") from None
