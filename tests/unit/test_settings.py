"""Milvus's settings: the release's own, then each layer over it; what is no setting is refused."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import BadInput
from harness.plan.profiles import OBSERVE_S
from harness.platforms import settings
from harness.platforms.local.small_machine import laid_over

TEMPLATE = """
etcd:
  endpoints: localhost:{{ etcd_port(int): 2379 }}
  log:
    level: {{ etcd_log_level: info }} # a comment
  data:
    dir: {{ etcd_data_dir }}
proxy:
  port: {{ proxy_port(int): 19530 }}
  maxTaskNum: 1024
common:
  security:
    authorizationEnabled: {{ authorization_enabled(bool): false }}
rocksmq:
  path: {{ rocksmq_data_dir }}
pulsar:
  port: 6650
"""


@pytest.fixture
def template(tmp_path: Path) -> Path:
    file = tmp_path / "config.yaml.template"
    file.write_text(TEMPLATE, encoding="utf-8")
    return file


def test_what_the_harness_wires_itself_can_t_be_set(template: Path) -> None:
    with pytest.raises(BadInput, match="how the members find each other"):
        settings.check_keys({"etcd.endpoints": "elsewhere:2379"}, template)


def test_a_releases_settings_are_its_template_with_every_placeholder_at_its_default(template: Path) -> None:
    assert settings.release_settings(template) == {
        "etcd": {"endpoints": "localhost:2379", "log": {"level": "info"}, "data": {"dir": ""}},
        "proxy": {"port": 19530, "maxTaskNum": 1024},
        "common": {"security": {"authorizationEnabled": False}},
    }


def test_each_layer_lies_over_the_one_before_and_leaves_the_rest(template: Path) -> None:
    tree = settings.layered(template, {"proxy.port": 1, "new.deep.key": [1, 2]}, {"proxy.port": 2})
    assert tree["proxy"] == {"port": 2, "maxTaskNum": 1024}
    assert tree["new"] == {"deep": {"key": [1, 2]}}
    assert settings.layered(template) == settings.release_settings(template)


def test_a_key_is_found_whatever_its_case_so_that_milvus_reads_it_once(template: Path) -> None:
    tree = settings.layered(template, {"PROXY.maxtasknum": 7, "Common.Security.AuthorizationEnabled": True})
    assert tree["proxy"] == {"port": 19530, "maxTaskNum": 7}
    assert tree["common"] == {"security": {"authorizationEnabled": True}}
    assert set(tree) == {"etcd", "proxy", "common"}


def test_a_key_below_a_value_is_refused(template: Path) -> None:
    with pytest.raises(BadInput, match=r"'proxy\.port\.deeper' is not a setting.*port is a value"):
        settings.layered(template, {"proxy.port.deeper": 1})


@given(st.dictionaries(st.sampled_from(["a", "b.c", "b.d", "b.e.f", "g.h.i.j"]), st.integers()))
def test_what_is_laid_over_can_be_read_back_from_the_file(tmp_path_factory: pytest.TempPathFactory, layer: Any) -> None:
    file = tmp_path_factory.getbasetemp() / "empty.template"
    file.write_text("{}\n", encoding="utf-8")
    tree = yaml.safe_load(yaml.safe_dump(settings.layered(file, layer)))
    for key, value in layer.items():
        node = tree
        for part in key.split("."):
            node = node[part]
        assert node == value


@pytest.mark.parametrize("profile", OBSERVE_S)
def test_a_profile_changes_what_every_small_machine_changes(profile: str) -> None:
    found = laid_over(profile)
    assert found["log.stdout"] is True
    assert found["common.gracefulStopTimeout"] == 30
    assert all(isinstance(key, str) and "." in key for key in found)


def test_the_profiles_differ_in_what_fast_adds() -> None:
    default, fast = map(settings.profile_settings, ("default", "fast"))
    assert default.items() < fast.items()
    assert fast["common.session.ttl"] == 3


def test_an_unknown_profile_is_answered_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match=r"no settings profile 'quick' \(--profile\): take one of fast, default"):
        settings.profile_settings("quick")


def test_values_are_read_as_milvus_yaml_has_them() -> None:
    given_ = {"a": "1", "b": "true", "c": "text", "d": "[1, 2]", "e": "2.5", "f": "", "g": '"7"', "h": "10s"}
    read = {"a": 1, "b": True, "c": "text", "d": [1, 2], "e": 2.5, "f": None, "g": "7", "h": "10s"}
    assert settings.typed(given_) == read


@pytest.mark.parametrize("value", ["[1", "a: b: c", "{", "'", "\t@", "2024-99-99", "!!python/object:os.system x"])
def test_a_value_that_is_none_is_refused_in_one_line(value: str) -> None:
    with pytest.raises(BadInput) as refused:
        settings.typed({"proxy.port": value})
    assert refused.value.where == "--set proxy.port"
    assert "\n" not in str(refused.value)


@given(st.text(max_size=12))
def test_any_text_is_a_value_or_refused(text: str) -> None:
    with suppress(BadInput):
        settings.typed({"k": text})


def test_settings_of_the_release_and_those_it_does_not_list_are_known_in_any_case(template: Path) -> None:
    settings.check_keys({"proxy.maxTaskNum": 1, "PROXY.MAXTASKNUM": 2, "common.session.ttl": 3}, template)


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("proxy.maxTaskNumm", "did you mean proxy.maxTaskNum?"),
        ("proxy", "did you mean proxy.port?"),
        ("common.sesion.ttl", "did you mean common.session.ttl?"),
        ("zzz", "name it as milvus.yaml does, with dots"),
        ("rocksmq.path", "name it as milvus.yaml does, with dots"),
    ],
)
def test_an_unknown_setting_is_answered_with_the_nearest_one(template: Path, key: str, hint: str) -> None:
    with pytest.raises(BadInput) as refused:
        settings.check_keys({key: 1}, template)
    assert refused.value.where == f"--set {key}"
    assert hint in refused.value.mend


def test_the_profiles_own_keys_are_spelt_as_the_list_of_known_ones_has_them() -> None:
    unlisted = {key.lower(): key for key in settings._unlisted()}
    for profile in OBSERVE_S:
        for key in laid_over(profile):
            assert unlisted.get(key.lower(), key) == key
