"""The sandbox's site in a process of its own: what the crawls of `collect` and `kill` ask."""
import json
import subprocess

from harness import TARGET

SERVE = TARGET / "examples" / "serve"


class Server:
    """Serves so many event pages, and the list that links to them, until the `with` ends."""

    def __init__(self, serve, pages):
        self.process = subprocess.Popen([str(serve), str(pages)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.site, self.pid = json.loads(self.process.stdout.readline())["site"], self.process.pid

    def requests(self):
        """How many the site has had, without those for robots.txt."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())["site"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

