#!/usr/bin/env python3
"""100 certificates against the blackbox exporter, and what hangs: endpoints that never answer, commands that never end."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

from kit import ENV, MUSTER, best, folder, goal, in_turns, policy, ratio, run, shown, title, write

PORTS, HANGING, PARALLEL = 100, 50, 16


@contextlib.contextmanager
def server(*arguments):
    """The ports that a server process of its own listens on."""
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tls_server.py")
    command = [sys.executable, program, *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield [int(port) for port in process.stdout.readline().split()]
        finally:
            process.stdin.close()


@contextlib.contextmanager
def nginx(temp, count):
    """The ports of an nginx with a worker for each core, as 100 endpoints would not wait for one another: a server in Python takes more time than either client."""
    program = shutil.which("nginx") or next(filter(os.path.exists, ["/usr/sbin/nginx"]), None)
    if not program:
        print("  nginx is not here: the server is Python, which takes most of the time from both")
        with server(count, f"{temp}/cert.pem", f"{temp}/key.pem") as ports:
            yield ports
        return
    with contextlib.ExitStack() as free:
        found = [free.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        ports = [one.getsockname()[1] for one in found]
    listen = " ".join(f"listen 127.0.0.1:{port} ssl;" for port in ports)
    paths = " ".join(f"{kind}_temp_path {temp}/nginx-{kind};" for kind in
                     ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root; " if os.getuid() == 0 else ""
    write(f"{temp}/nginx.conf", f"{user}daemon off; worker_processes auto; pid {temp}/nginx.pid; error_log {temp}/nginx.log;\n"
          f"events {{ worker_connections 1024; }}\nhttp {{ access_log off; {paths} server {{ {listen}\n"
          f"ssl_certificate {temp}/cert.pem; ssl_certificate_key {temp}/key.pem; ssl_protocols TLSv1.2 TLSv1.3; return 204; }} }}\n")
    with subprocess.Popen([program, "-c", f"{temp}/nginx.conf", "-e", f"{temp}/nginx.log"]) as process:
        try:
            for port in (ports[0], ports[-1]):
                for _ in range(100):
                    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                        break
                    time.sleep(0.05)
            yield ports
        finally:
            process.terminate()


def certificates(temp):
    """An authority and a certificate for the loopback address."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, cwd=temp, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *key, "-days", "90", "-subj", "/CN=bench CA", "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", *key, "-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "csr.pem")
    write(f"{temp}/ext", "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
    openssl("x509", "-req", "-in", "csr.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "60",
            "-extfile", "ext", "-out", "cert.pem")


@contextlib.contextmanager
def blackbox(program, temp):
    """A running exporter; its address."""
    module = {"prober": "tcp", "timeout": "5s", "tcp": {"tls": True, "tls_config": {"ca_file": f"{temp}/ca.pem"}}}
    write(f"{temp}/blackbox.yml", json.dumps({"modules": {"tls": module}}))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [program, f"--config.file={temp}/blackbox.yml", f"--web.listen-address=127.0.0.1:{port}"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        try:
            for _ in range(100):
                with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/-/healthy"):
                    break
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}", process.pid
        finally:
            process.terminate()


def cpu_of(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_of(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM"))


def compare(temp, ports):
    """The same question to both: trusted, right name, not ending within 21 days."""
    endpoints = ", ".join(f"127.0.0.1:{port}" for port in ports)
    rules = "fail: trusted == false || name_matches == false || chain_not_after - now < 21.days"
    text = policy("chains", "tls.chain", "{ endpoints: [" + endpoints + "] }", rules, type="service")
    write(f"{temp}/policies/chains.yaml", text)
    target = f"  front: {{ type: service, url: 'https://127.0.0.1:{ports[0]}', tls: {{ ca: ca.pem }} }}"
    write(f"{temp}/muster.yaml", f"muster: 1\npolicies: [policies/]\ntargets:\n{target}\n")
    ours = [MUSTER, "check", "--timings"]
    program = shutil.which("prometheus-blackbox-exporter") or shutil.which("blackbox_exporter")
    if not program:
        shown(f"muster, {len(ports)} chains, whole process", best(ours, times=5, cwd=temp))
        return print("  the blackbox exporter is not here; measured elsewhere: 0.40-0.61 s for 100 probes")
    with blackbox(program, temp) as (address, pid):
        urls = "".join(f'url = "{address}/probe?module=tls&target=127.0.0.1:{port}"\n' for port in ports)
        write(f"{temp}/urls", urls)
        curl = ["curl", "-s", "-Z", "--parallel-max", PARALLEL, "-K", f"{temp}/urls"]
        good = run(curl).out.count("probe_success 1")
        assert good == len(ports), f"{good} probes of the exporter succeeded"
        before, times = cpu_of(pid), 31
        done = in_turns({"ours": (ours, (0,), temp), "theirs": (curl, (0,), temp)}, times)
        used = (cpu_of(pid) - before) / (times + 1)
        ours, theirs = done["ours"], done["theirs"]
        shown(f"muster, {len(ports)} chains, whole process, in turns with", ours)
        shown(f"blackbox exporter, {PARALLEL} scrapes at once, one curl", theirs,
              f"and in the exporter: cpu {used * 1000:.0f} ms, peak {peak_of(pid):.0f} MiB")
        each = best(["sh", "-c", f"sed 's/^url = //' {temp}/urls | xargs -P{PARALLEL} -n1 curl -s -o /dev/null"])
        shown(f"blackbox exporter, {PARALLEL} at once, a curl each", each)
        ratio("time against one curl for all", ours.wall, theirs.wall)
        share = ours.wall / theirs.wall
        goal("at most half of the exporter's time", share <= 0.5, f"{share:.2f} of it")
        ratio("time against a curl for each", ours.wall, each.wall)


def left_over(marker):
    """Processes whose environment carries the marker."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/environ", "rb") as file:
            if marker.encode() in file.read():
                found.append(int(pid))
    return found


def hang(temp, what, text, unknown, deadline=2.0, project="targets: { here: { type: host } }\n", limit=True):
    """One run in which nothing answers: all unknown, soon after the deadline, no process left."""
    place = f"{temp}/{what.replace(' ', '-')}"
    write(f"{place}/policies/hang.yaml", text)
    write(f"{place}/muster.yaml", f"muster: 1\npolicies: [policies/]\n{project}")
    # Commands of a policy are given HOME, so it says whose children they are.
    home = {"HOME": f"{place}/home"}
    command = [MUSTER, "check", "--deadline", f"{deadline:g}s", "--fail-on", "unknown", "--timings"]
    running = []
    half = threading.Timer(deadline / 2, lambda: running.append(len(left_over(home["HOME"]))))
    half.start()
    done = run([*command, "--format", f"json={place}/report.json"], expect=None, cwd=place, env=home)
    left = left_over(home["HOME"])
    with open(f"{place}/report.json") as file:
        verdicts = [check["verdict"] for check in json.load(file)["checks"]]
    half.join()
    shown(what, done, f"exit {done.code}, {running[0]} processes at half time")
    late = f"{done.wall - deadline:+.3f} s"
    if limit:
        goal("no later than 0.3 s after the deadline", done.wall <= deadline + 0.3, late)
    else:
        print(f"  after the deadline of one answer: {late}")
    goal("nothing passes", set(verdicts) == {"unknown"} and len(verdicts) == unknown and done.code == 1,
         f"{len(verdicts)} checks: {', '.join(sorted(set(verdicts)))}; exit {done.code}")
    goal("no process is left", not left, f"{len(left)} left")
    for pid in left:
        os.kill(pid, signal.SIGKILL)


with folder() as temp:
    title(f"tls: {PORTS} certificates on loopback")
    certificates(temp)
    with nginx(temp, PORTS) as ports:
        compare(temp, ports)

    title(f"tls: {HANGING} that never answer, deadline of an answer 2 s")
    rule = "fail: date_valid == false"
    with server(HANGING) as ports:
        listed = ", ".join(f"127.0.0.1:{port}" for port in ports)
        hang(temp, "one policy of 50 endpoints", policy("hang", "tls.chain", "{ endpoints: [" + listed + "] }", rule), 1)
        targets = "".join(f"  t{port}: {{ type: service, url: 'https://127.0.0.1:{port}' }}\n" for port in ports)
        hang(temp, "50 targets", policy("hang", "tls.chain", "{}", rule, type="service"), HANGING,
             project=f"targets:\n{targets}")
    names = [f"sleep-{n}" for n in range(HANGING)]
    texts = "---\n".join(policy(name, "command.output", f"{{ command: {name} }}", "fail: exit_status != 0") for name in names)
    # A shell with a child of its own: ending only the shell would leave the child.
    commands = "commands:\n" + "".join(f"  {name}: [sh, -c, 'sleep 600; true']\n" for name in names)
    wide = "targets: { here: { type: host, limits: { connections: 64 } } }\n"
    hang(temp, "50 commands at once", texts, HANGING, project=wide + commands)
    host = "targets: { here: { type: host } }\n"
    hang(temp, "50 commands, 8 at once as is the default", texts, HANGING, project=host + commands, limit=False)
