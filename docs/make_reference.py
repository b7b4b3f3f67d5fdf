"""Writes reference.md and measuring.md here: the prose of NAME.in.md, and what the code says of itself at its marks."""

from __future__ import annotations

import ast
import inspect
import json
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, cast, get_args, get_type_hints

import pytest
from pydantic import BaseModel

from harness import api
from harness import verbs as protocols
from harness.action import Action, AnyAction
from harness.actions.chaos import POOLS
from harness.checks.thresholds import Thresholds
from harness.cli.app import COMMANDS, load
from harness.cluster import Endpoint, Role
from harness.errors import Unsupported
from harness.platforms.endpoint import EndpointPlatform
from harness.platforms.kubernetes.options import KindOptions, KubernetesOptions, MilvusOptions
from harness.platforms.kubernetes.platform import KubernetesPlatform
from harness.platforms.local.platform import LocalPlatform
from harness.pytest_plugin import options
from harness.run.driver import refuse
from harness.slo.evidence import figures as declared
from harness.slo.figure import Limited

HERE = Path(__file__).resolve().parent
PAGES = ("reference", "measuring")
PLATFORMS: Mapping[str, protocols.Platform] = {
    "local": LocalPlatform(),
    "kind": KubernetesPlatform(KubernetesOptions(kind=KindOptions(workers=1)), on_kind=True),
    "kubernetes": KubernetesPlatform(KubernetesOptions(), on_kind=False),
    "existing": KubernetesPlatform(KubernetesOptions(milvus=MilvusOptions(existing="any")), on_kind=False),
    "endpoint": EndpointPlatform(Endpoint("any", 0)),
}
_KILL, _PAUSE = api.Kill(Role.QUERY_NODE), api.Pause(Role.PROXY)
EXAMPLES: tuple[AnyAction, ...] = (
    *(_KILL, _PAUSE, api.Terminate(Role.PROXY), api.Scale(Role.QUERY_NODE, 3), api.Upgrade("2.3.5"), api.Configure()),
    *(api.KillContainer(Role.PROXY), api.Drain(Role.PROXY), api.StopNode(Role.PROXY)),
    *(api.Isolate(Role.PROXY, Role.COORDINATORS), api.Nothing(), api.Surge(50)),
    *(api.Together(_KILL, _PAUSE), api.Times(_KILL, 2), api.Every(_KILL, 10, 60), api.When(api.RowsIn(1), _KILL, 60)),
)
_MARK = re.compile(r"^<!-- (\w+) -->$", re.MULTILINE)
_SOURCED = re.compile(r"^ +(\w+):.*# \[(\w)\] ?(.*)$", re.MULTILINE)
_TYPES = {"string": "text", "integer": "whole number", "boolean": "true or false", "object": "mapping"}


def pages() -> dict[Path, str]:
    """Return every page as it has to be."""
    templates = {name: (HERE / f"{name}.in.md").read_text(encoding="utf-8") for name in PAGES}
    if left_out := set(SECTIONS) - {mark for template in templates.values() for mark in _MARK.findall(template)}:
        raise ValueError(f"there is no mark for: {', '.join(sorted(left_out))}")
    return {HERE / f"{name}.md": _page(name, template) for name, template in templates.items()}


def _page(name: str, template: str) -> str:
    note = f"<!-- Written by docs/make_reference.py from the code and docs/{name}.in.md: change those. -->"
    return note + "\n\n" + _MARK.sub(lambda mark: "\n".join(SECTIONS[mark[1]]()), template)


def commands() -> Iterator[str]:
    """Yield every command with its arguments and options."""
    for name, command in ((name, load(name)) for name in COMMANDS):
        places = [param for param in command.params if param.param_type_name == "argument"]
        usage = (each.name.upper() if each.required else f"[{each.name.upper()}]" for each in places)
        yield from ("", "### " + " ".join(("harness", name, *usage)), "", command.help)
        named = ((param.name.upper() if param in places else ", ".join(param.opts), param) for param in command.params)
        rows = [(code(shown), value(param.default), param.help or "") for shown, param in named]
        if rows:
            yield ""
            yield from table(("argument or option", "default", "meaning"), rows)


def pytest_options() -> Iterator[str]:
    """Yield every option of the plugin."""
    recorder = _Options()
    options.add(cast(pytest.Parser, recorder))
    yield from table(("option", "default", "meaning"), recorder.rows)


class _Options:
    """Stands for pytest's parser and its group, and notes what it is told."""

    def __init__(self) -> None:
        self.rows: list[Sequence[str]] = []

    def getgroup(self, *_: str) -> _Options:
        """Return the group: itself."""
        return self

    def addoption(self, *names: str, **told: Any) -> None:
        """Note an option."""
        shown = " ".join(filter(None, (", ".join(names), told.get("metavar"))))
        self.rows.append((code(shown), value(told.get("default")), told["help"]))


def actions() -> Iterator[str]:
    """Yield every action that a scenario can name; where it can be done, its example shows."""
    offered = {one for one in vars(api).values() if isinstance(one, type) and issubclass(one, Action)}
    if left_out := offered - {type(one) for one in EXAMPLES}:
        raise ValueError(f"no example of {left_out}")
    # Chaos needs what those that it draws need.
    examples: list[tuple[type, AnyAction]] = [*((type(one), one) for one in EXAMPLES), (api.Chaos, POOLS["members"][0])]
    rows = [(*_row_of(kind), ", ".join(_places(one))) for kind, one in examples]
    yield from table(("action", "fields", "does", "on"), rows)


def states() -> Iterator[str]:
    """Yield what an action can wait for."""
    known = (api.RowsIn, api.MemberIs, api.RateBelow, api.ErrorsAbove)
    yield from table(("state", "fields", "is seen when"), map(_row_of, known))


def _row_of(documented: type) -> tuple[str, str, str]:
    return code(documented.__name__), ", ".join(_fields(documented)), first_line(documented)


def roles() -> Iterator[str]:
    """Yield the roles by the names that scenarios and commands give them."""
    yield from table(("in a scenario", "elsewhere"), [(code(f"Role.{each.name}"), code(each)) for each in Role])


def verbs() -> Iterator[str]:
    """Yield every protocol's verbs."""
    for protocol in _protocols():
        more = [each.__name__ for each in protocol.__bases__ if each in _protocols()]
        also = f" All of {', '.join(map(code, more))}, and:" if more else ""
        yield from ("", f"### {protocol.__name__}", "", first_line(protocol) + also, "")
        rows = [(code(_call(name, told)), first_line(told)) for name, told in vars(protocol).items() if name[0] != "_"]
        yield from table(("verb", "does"), rows)


def powers() -> Iterator[str]:
    """Yield which platforms' clusters have the verbs that faults need."""
    rows = [(each.__name__, [_has(platform, each) for platform in PLATFORMS.values()]) for each in _protocols()]
    yield from table(
        ("", *PLATFORMS), [(name, *("yes" if one else "no" for one in has)) for name, has in rows if any(has)]
    )


def kubernetes_options() -> Iterator[str]:
    """Yield every key of the file of options, a table for each model."""
    for path, model in _models("", KubernetesOptions):
        yield from ("", f"### `{path}`" if path else "### At the top", "", first_line(model), "")
        rows = [(code(key), shown, value(default), text) for key, shown, default, text in _keys(model)]
        yield from table(("key", "type", "default", "meaning"), rows)


def figures() -> Iterator[str]:
    """Yield every figure, and whether and how it can be limited."""
    for_limit = {"<=": "the highest", ">=": "the lowest"}
    rows = [
        (code(f.name), f.label, f.unit, "" if f.limited is Limited.NOT else for_limit[f.relation]) for f in declared()
    ]
    yield from table(("figure", "is", "unit", "its limit"), rows)


def definitions() -> Iterator[str]:
    """Yield every figure's definition; those with the same one share a row."""
    rows = [
        (", ".join(code(figure.name) for figure in those), definition)
        for definition, those in groupby(declared(), key=lambda figure: figure.definition)
    ]
    yield from table(("figure", "definition"), rows)


def thresholds() -> Iterator[str]:
    """Yield every threshold with the source and the reason that stand beside it."""
    told = {name: (source, reason) for name, source, reason in _SOURCED.findall(inspect.getsource(Thresholds))}
    rows = [(code(each.name), value(each.default), *told.get(each.name, ("", ""))) for each in fields(Thresholds)]
    yield from table(("threshold", "value", "source", "reason"), rows)


SECTIONS: Mapping[str, Callable[[], Iterator[str]]] = {
    made.__name__: made
    for made in (
        *(commands, pytest_options, actions, states, roles, verbs, powers),
        *(kubernetes_options, figures, definitions, thresholds),
    )
}


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield a Markdown table."""
    yield _row(heads)
    yield "|" + "---|" * len(heads)
    yield from map(_row, rows)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def code(text: str) -> str:
    """Return a text as code."""
    return f"`{text}`"


def value(default: object) -> str:
    """Return a default as its user would write it; nothing for one that is empty or off."""
    if default is None or default is False or default in ("", (), [], {}):
        return ""
    if isinstance(default, tuple | list | dict):
        return code(json.dumps(default))
    return code(str(default))


def first_line(documented: object) -> str:
    """Return the first line of a docstring."""
    return (inspect.getdoc(documented) or "").partition("\n")[0]


def _fields(documented: type) -> Iterator[str]:
    """Yield each field as its user would write it, by its plain type."""
    if not is_dataclass(documented):
        yield code("*actions")
        return
    plain = get_type_hints(documented)
    for each in fields(documented):
        default = each.default if each.default_factory is MISSING else each.default_factory()
        shown = default.name if isinstance(default, Enum) else default
        kind = plain[each.name].__name__ if isinstance(plain[each.name], type) else str(each.type)
        kind = kind.removeprefix("Any") if kind == "AnyAction" else kind
        yield code(f"{each.name}: {kind}" + ("" if default is MISSING else f" = {shown!r}"))


def _protocols() -> list[type]:
    known = [each for each in vars(protocols).values() if getattr(each, "_is_protocol", False)]
    return [each for each in known if each.__module__ == protocols.__name__]


def _call(name: str, member: object) -> str:
    if not inspect.isfunction(member):
        return name
    return f"{name}({', '.join(list(inspect.signature(member).parameters)[1:])})"


def _has(platform: protocols.Platform, protocol: type) -> bool:
    optional = getattr(protocol, "_is_runtime_protocol", False)
    return optional and any(issubclass(verb, protocol) for verb in platform.verbs)


def _places(example: AnyAction) -> Iterator[str]:
    """Yield the platforms that do not refuse an action."""
    for name, platform in PLATFORMS.items():
        with suppress(Unsupported):
            refuse(example, platform)
            yield name


def _models(path: str, model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield a model and all that its fields hold, each with the path of its keys."""
    yield path, model
    for name, field in model.model_fields.items():
        for inner in (field.annotation, *get_args(field.annotation)):
            if inspect.isclass(inner) and issubclass(inner, BaseModel):
                yield from _models(f"{path}.{name}".strip("."), inner)


def _keys(model: type[BaseModel]) -> Iterator[tuple[str, str, object, str]]:
    """Yield each key that is no table of its own: its type, default and the text below it."""
    schema = model.model_json_schema()
    texts = _texts(model)
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True, validated_data={})
        if not isinstance(default, BaseModel):
            yield name, _type(schema["properties"][name], schema.get("$defs", {})), default, texts.get(name, "")


def _texts(model: type[BaseModel]) -> dict[str, str]:
    """Return the first line of the docstring below each field; Python itself does not keep them."""
    known = [each for each in reversed(model.__mro__) if issubclass(each, BaseModel) and each is not BaseModel]
    bodies = [cast(ast.ClassDef, ast.parse(textwrap.dedent(inspect.getsource(each))).body[0]).body for each in known]
    return {
        field.target.id: inspect.cleandoc(text.value.value).partition("\n")[0]
        for body in bodies
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
    }


def _type(schema: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    """Return what a JSON schema allows in a few words."""
    if reference := schema.get("$ref"):
        return _type(known[reference.rpartition("/")[2]], known)
    if "anyOf" in schema:
        return " or ".join(_type(each, known) for each in schema["anyOf"] if each.get("type") != "null")
    if choices := schema.get("enum") or ([schema["const"]] if "const" in schema else []):
        return ", ".join(code(str(each)) for each in choices)
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"list of {_type(schema['items'], known)}" if "items" in schema else "list"
    return _TYPES.get(str(kind), str(kind)) + _bounds(schema)


def _bounds(schema: Mapping[str, Any]) -> str:
    least, most, above = (schema.get(key) for key in ("minimum", "maximum", "exclusiveMinimum"))
    if least is not None and most is not None:
        return f", {least} to {most}"
    words = ((least, "{} or more"), (most, "at most {}"), (above, "more than {}"))
    return "".join(", " + text.format(bound) for bound, text in words if bound is not None)


if __name__ == "__main__":
    for page, text in pages().items():
        page.write_text(text, encoding="utf-8")
