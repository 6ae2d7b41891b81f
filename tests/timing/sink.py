"""A mail server that takes everything and keeps nothing, in a process of its own. Says its port, and ends with its standard input."""
import socketserver
import sys
import threading


class Session(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line + b"\r\n")

    def handle(self):
        self.say(b"220 sink")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"DATA":
                self.say(b"354 go on")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
            self.say(b"221 bye" if word == b"QUIT" else b"250 sink")
            if word == b"QUIT":
                return


class Sink(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


with Sink(("127.0.0.1", 0), Session) as sink:
    threading.Thread(target=sink.serve_forever, daemon=True).start()
    print(sink.server_address[1], flush=True)
    sys.stdin.read()
