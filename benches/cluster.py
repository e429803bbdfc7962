"""A private PostgreSQL for the benches, and very many tables in it."""

import glob
import os
import pwd
import shutil
import socket
import subprocess
import sys

TABLES = int(os.environ.get("TABLES", "100000"))

FILL = f"""
DO $$ BEGIN
  FOR n IN 1..{TABLES} LOOP
    EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, at timestamptz, note text)', lpad(n::text, 6, '0'));
    IF n % 200 = 0 THEN COMMIT; END IF;
  END LOOP;
END $$;
"""


class Cluster:
    """A private PostgreSQL on a free port, below the bench's folder."""

    def __init__(self, temp, settings=""):
        self.settings = settings
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda path: int(path.split("/")[4]))
        program = found[-1] if found else shutil.which("initdb")
        if not program:
            sys.exit("PostgreSQL's server programs are not installed")
        self.bin, self.data = os.path.dirname(program), f"{temp}/pg"
        self.as_user = []
        if os.getuid() == 0:  # the server refuses root
            self.as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
            os.chmod(temp, 0o755)
            os.mkdir(self.data)
            os.chown(self.data, pwd.getpwnam("postgres").pw_uid, pwd.getpwnam("postgres").pw_gid)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def do(self, program, *arguments):
        subprocess.run([*self.as_user, f"{self.bin}/{program}", "-D", self.data, *arguments], check=True,
                       stdout=subprocess.DEVNULL, cwd="/")

    def __enter__(self):
        self.do("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        with open(f"{self.data}/postgresql.conf", "a") as conf:
            conf.write(f"listen_addresses = '127.0.0.1'\nport = {self.port}\nunix_socket_directories = ''\n"
                       "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nautovacuum = off\n"
                       "shared_buffers = 256MB\nmax_wal_size = 8GB\n" + self.settings)
        self.do("pg_ctl", "-l", f"{self.data}/log", "-w", "start")
        return self

    def __exit__(self, *_):
        self.do("pg_ctl", "-m", "immediate", "-w", "stop")
