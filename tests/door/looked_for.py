"""A secret as it might lie about: as it is shown, and its bytes, raw and in every encoding that something may have put it into."""
import base64
import urllib.parse

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LONG_ENOUGH = 8  # bytes: what is shorter is found everywhere by chance


def crockford(code):
    """The bits of a code as bytes."""
    signs = code.replace("-", "")
    return int("".join(f"{CROCKFORD.index(c):05b}" for c in signs), 2).to_bytes((len(signs) * 5 + 7) // 8, "big")


def amid(data, encode, bits, group):
    """Its signs wherever it stands in what was encoded: for each place in a group of bytes, those signs that it alone decides."""
    found = set()
    for before in range(group):
        text = encode(bytes(before) + data + bytes(-(before + len(data)) % group))
        found.add(text[-(-before * 8 // bits):(before + len(data)) * 8 // bits])
    return found


def encodings(name, data):
    """{how: bytes to look for} of some bytes."""
    found = {f"{name}, raw": data, f"{name}, in hexadecimal": data.hex().encode(), f"{name}, in upper hexadecimal": data.hex().upper().encode()}
    for how, encode, bits, group in (("base64", base64.b64encode, 6, 3), ("base64url", base64.urlsafe_b64encode, 6, 3),
                                     ("base32", base64.b32encode, 5, 5), ("lower base32", lambda b: base64.b32encode(b).lower(), 5, 5)):
        for n, text in enumerate(sorted(amid(data, encode, bits, group))):
            found[f"{name}, in {how} ({n})"] = text
    return found


def forms(name, text, raw=None, spelled=True):
    """{how: bytes to look for} of a text, and of the bytes that it stands for. `spelled`: people and programs write it in several ways."""
    found = encodings(name, text.encode())
    if spelled:
        spellings = {text.lower(), text.replace("-", ""), urllib.parse.quote_plus(text), urllib.parse.quote(text)} - {text}
        for spelling in sorted(spellings):
            found.update(encodings(f"{name} as {spelling}", spelling.encode()))
    if raw and len(raw) >= LONG_ENOUGH:
        found.update(encodings(f"bytes of {name}", raw))
    return found
