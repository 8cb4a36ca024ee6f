"""Fixtures of the end-to-end tests: a cluster, a namespace of the test's own, a ferry of the test's own."""

import contextlib
import os
import pathlib
import shutil
import tempfile
import uuid

import pytest

import load_generator
import workloads
from clusters import GivenCluster, TestCluster
from ferry import Ferry
from kube_api import KubeApi, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]


def pytest_addoption(parser):
    parser.addoption("--image", help="ferry-proxy's image, for the cluster that KUBECONFIG names")
    parser.addoption("--app-image", default="ferry-test-app:e2e", help="the test application's image there")
    parser.addoption("--load-image", default="ferry-test-load:e2e", help="the load generator's image there")
    parser.addoption("--build", default=str(ROOT / "build" / "release"), help="where the programs were built")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--image"):
        for item in items:
            if "faults" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.skip(reason="needs the test cluster's fault switches"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A test that fails tells what its ferries said."""
    report = (yield).get_result()
    if report.failed and call.when == "call":
        for ferry in filter(lambda value: isinstance(value, Ferry), item.funcargs.values()):
            report.sections.append(("Captured stdout of ferry", ferry.last_words()))


@pytest.fixture(scope="session")
def build(request):
    folder = pathlib.Path(request.config.getoption("--build")).resolve()
    sanitizer_reports(folder)  # of an earlier run
    yield folder
    assert not (found := sanitizer_reports(folder)), found


@pytest.fixture(autouse=True)
def no_sanitizer_complains(build):
    yield
    assert not (found := sanitizer_reports(build)), found


def sanitizer_reports(build):
    """What a sanitizer found in the programs of this build, if it is one with sanitizers; each report once."""
    texts = []
    for file in (build / "sanitizer-reports").glob("report*"):
        if text := file.read_text(errors="replace"):
            texts.append(f"{file.name}\n{text}")
        file.unlink()
    return "\n".join(texts)


@pytest.fixture(scope="session")
def cluster(request, build):
    image = request.config.getoption("--image")
    if image:
        workloads.IMAGE = request.config.getoption("--app-image")
        load_generator.IMAGE = request.config.getoption("--load-image")
        yield GivenCluster(os.environ["KUBECONFIG"], image)
        return
    with TestCluster.started(build) as made:
        yield made


@pytest.fixture
def faults(cluster):
    """The test cluster's fault switches; what they did is undone afterwards. No scene is played meanwhile."""
    from stage import Together

    Together.wait_for_all()
    yield cluster.faults
    cluster.faults.clear()


@pytest.fixture(scope="session")
def api(cluster):
    return KubeApi(cluster.kubeconfig)


@pytest.fixture
def namespace(api):
    with new_namespace(api) as name:
        yield name


@contextlib.contextmanager
def new_namespace(api):
    name = f"ferry-e2e-{uuid.uuid4().hex[:8]}"
    api.apply(
        None,
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
        },
    )
    try:
        yield name
    finally:
        api.delete("Namespace", None, name)


@pytest.fixture
def web(api, namespace):
    """A Deployment of two pods and its Service, ready; its name."""
    api.apply(namespace, workloads.deployment(replicas=2), workloads.service())
    wait_for("two pods are ready", lambda: len(api.ready_pods(namespace, "app=web")) == 2)
    return "web"


@pytest.fixture
def ferry(build, cluster, namespace):
    with new_ferry(build, cluster.kubeconfig, namespace, cluster.image) as made:
        yield made


@contextlib.contextmanager
def new_ferry(build, kubeconfig, namespace, image):
    home = tempfile.mkdtemp(prefix="ferry-e2e-")
    made = Ferry(build / "cli" / "ferry", home, kubeconfig, namespace, image)
    try:
        yield made
    finally:
        made.close()
        if os.environ.get("FERRY_E2E_KEEP"):
            print(f"kept {home}")
        else:
            shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def together(request, cluster, api, build):
    """The scenes that the run has selected, all under way (see stage.py)."""
    from stage import Together

    made = Together(cluster, api, build)
    for item in request.session.items:
        made.start(item)
    yield made
    made.close()


@pytest.fixture
def alone(together):
    """No scene is played any more: what is done to the whole cluster disturbs nobody."""
    together.wait()


@pytest.fixture
def alone_on_stage(cluster, api, build, alone):
    """A stage (see stage.py) while no scene is played."""
    from stage import Stage

    with Stage(cluster, api, build) as made:
        yield made


@pytest.fixture(params=["proxy", "direct"])
def route(request):
    return request.param
