"""The platforms `kind` and `kubernetes`, as they are found. Kubernetes' client takes half a second to import."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from harness.errors import BadInput
from harness.platforms.ailment import Ailment
from harness.platforms.choice import PlatformChoice
from harness.platforms.entry import Leftover
from harness.platforms.programs import PROGRAMS
from harness.platforms.state import Folder, clusters_home
from harness.verbs import Cluster, Platform

_OPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "platform-file": "a file of options, or an example's name as basic: docs/kubernetes.md",
        "context": "the kubeconfig's context to use",
        "namespace": "a namespace that is there already",
        "token-file": "holds the token that Milvus asks for",
        "tls": "true where the way in speaks TLS",
    }
)


@dataclass(frozen=True)
class Kubernetes:
    """Pods: on a kind cluster that the harness makes, or on any cluster of a kubeconfig."""

    on_kind: bool

    @property
    def options(self) -> Mapping[str, str]:
        """Every option that docs/kubernetes.md tells of beside what is in the file."""
        return _OPTIONS

    def make(self, choice: PlatformChoice) -> Platform:
        """Return the platform. Errors: BadInput for options that can't be read."""
        from harness.platforms.kubernetes.options import read_options  # noqa: PLC0415 - only for those who want it
        from harness.platforms.kubernetes.platform import KubernetesPlatform  # noqa: PLC0415 - only for those who want it

        given = choice.given
        named: dict[str, object] = {key: given[key] for key in ("context", "namespace") if key in given}
        named |= {"token_file": str(Path(given["token-file"]).resolve())} if "token-file" in given else {}
        named |= {"tls": _yes(given["tls"])} if "tls" in given else {}
        file = Path(given["platform-file"]) if "platform-file" in given else None
        return KubernetesPlatform(read_options(file).model_copy(update=named), on_kind=self.on_kind)

    def open(self, folder: Folder) -> Cluster:
        """Return a cluster that exists. Errors: BadInput."""
        from harness.platforms.kubernetes.platform import open_cluster  # noqa: PLC0415 - only for those who want it

        return open_cluster(folder)

    def leftovers(self) -> Iterator[Leftover]:
        """Yield the kind clusters whose owner died."""
        if not self.on_kind or not clusters_home().with_name("kind").exists():
            return
        from harness.platforms.kubernetes.kind import hosts  # noqa: PLC0415 - only for those who want it

        for host in list(hosts.abandoned()):
            yield Leftover(f"kind cluster {host.name}", host.remove, under=host.made)

    def doctor(self) -> Iterator[Ailment]:
        """Look for the programs that make a kind cluster."""
        for program, mend in PROGRAMS.items() if self.on_kind else ():
            found = shutil.which(program)
            what = f"{program} for --platform kind: {found}" if found else f"{program}: absent; only kind needs it"
            yield Ailment(what, found is not None, "" if found else mend, optional=True)


def _yes(text: str) -> bool:
    if text not in ("true", "false"):
        raise BadInput(f"tls is {text!r}", where="platform option tls", mend="give true or false")
    return text == "true"


KIND, KUBERNETES = Kubernetes(on_kind=True), Kubernetes(on_kind=False)
