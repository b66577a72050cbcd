"""A camera as people write one with Python's http.server: /stream sends the JPEGs of the working folder for ever, other paths are files."""
import http.server, sys, time, pathlib

class Camera(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if self.path != "/stream":
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=--jpgboundary")
        self.end_headers()
        while True:
            for picture in sorted(pathlib.Path(".").glob("*.jpg")):
                self.wfile.write(b"--jpgboundary")
                self.send_header("Content-type", "image/jpeg")
                self.end_headers()
                self.wfile.write(picture.read_bytes())
                time.sleep(0.02)

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Camera)
print(server.server_port, flush=True)
server.serve_forever()
