"""A program that reads a multipart stream picture by picture with blocking reads, and takes some time for each.

Usage: plain-client.py HOST PORT MS-FOR-EACH-PICTURE SECONDS
It prints JSON: for each picture the seconds since the start, its bytes, and its age in milliseconds when the program has read it.
"""

import http.client
import json
import sys
import time

host = sys.argv[1]
port, picture_ms, seconds = (float(argument) for argument in sys.argv[2:5])
connection = http.client.HTTPConnection(host, int(port))
connection.request("GET", "/stream")
answer = connection.getresponse()
started = time.time()
pictures = []
while time.time() - started < seconds:
    headers = {}
    while True:
        line = answer.readline().decode().strip()
        if line == "" and headers:
            break
        if ":" in line:
            name, value = line.split(":", 1)
            headers[name.lower()] = value.strip()
    length = int(headers["content-length"])
    answer.read(length)
    now = time.time()
    # Servers without a time of capture in this header tell the time at which they sent the picture.
    age = (now - float(headers["x-timestamp"])) * 1000
    pictures.append({"at": now - started, "ageMs": age, "bytes": length})
    time.sleep(picture_ms / 1000)
print(json.dumps({"pictures": pictures}))
