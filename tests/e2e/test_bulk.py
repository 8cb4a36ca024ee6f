"""Much data, many requests: everything arrives, and memory stays small."""

import concurrent.futures
import http.client
import threading

import http_client as client
from ferry import rss_mib

GIB = 1 << 30
LIMIT_MIB = 64


def test_a_gibibyte_each_way_and_2000_requests(ferry, web, cluster, capsys):
    link = ferry.forward(f"svc/{web}", ":80", "--route", "proxy")
    assert client.download_hash(link.port, GIB) == (client.hash_of_pattern(GIB), GIB)
    assert client.upload(link.port, GIB) == (GIB, client.hash_of_pattern(GIB))

    local = threading.local()

    def request(_):
        if not hasattr(local, "connection"):
            local.connection = http.client.HTTPConnection("127.0.0.1", link.port, timeout=60)
        local.connection.request("GET", "/bytes?n=1024")
        answer = local.connection.getresponse()
        return answer.status, answer.read()

    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(request, range(2000)))
    assert answers == [(200, client.pattern(1024))] * 2000

    daemon = rss_mib(ferry.daemon_pid())
    proxy = cluster.peak_rss_mib("ferry-proxy") if cluster.is_local else None
    with capsys.disabled():
        print(f"\npeak RSS: ferryd {daemon:.1f} MiB, ferry-proxy {proxy and round(proxy, 1)} MiB (limit {LIMIT_MIB})")
    assert daemon < LIMIT_MIB
    assert proxy is None or proxy < LIMIT_MIB
