"""JPEG files with an EXIF orientation."""


def with_orientation(jpeg, orientation):
    """Return the JPEG with one EXIF entry, little-endian: Orientation (0x0112)."""
    entry = bytes.fromhex('0100 1201 0300 01000000') + orientation.to_bytes(2, 'little') + bytes(6)
    exif = b'Exif\0\0II*\0\x08\0\0\0' + entry
    return jpeg[:2] + b'\xff\xe1' + (len(exif) + 2).to_bytes(2, 'big') + exif + jpeg[2:]
