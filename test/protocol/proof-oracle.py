# Makes proofs of keys as the text of wire.ts says, with Python's hmac and hashlib. Reads one JSON object a line, and writes one.
#
#   {"key", "binding" (hex or null), "serverNonce", "viewerNonce", "hello" (hex)}

import hashlib
import hmac
import json
import sys


def mac(key, text):
    return hmac.new(key, text, hashlib.sha256).digest()


for line in sys.stdin:
    given = json.loads(line)
    key = given["key"].encode()
    binding = given["binding"]
    key_id = mac(key, b"slipstream key id")[:8]
    client_key = mac(key, b"slipstream viewer")
    stored_key = hashlib.sha256(client_key).digest()
    server_key = mac(key, b"slipstream server")
    context = b"slipstream proof 1"
    context += b"\0" + bytes(32) if binding is None else b"\1" + bytes.fromhex(binding)
    context += bytes.fromhex(given["serverNonce"]) + bytes.fromhex(given["viewerNonce"]) + key_id
    context += hashlib.sha256(bytes.fromhex(given["hello"])).digest()
    signature = mac(stored_key, b"viewer" + context)
    proof = bytes(left ^ right for left, right in zip(client_key, signature))
    parts = {
        "id": key_id,
        "storedKey": stored_key,
        "serverKey": server_key,
        "viewerProof": proof,
        "serverProof": mac(server_key, b"server" + context),
    }
    print(json.dumps({name: part.hex() for name, part in parts.items()}), flush=True)
