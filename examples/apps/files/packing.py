"""What happens to one file, in a thread: it is read once, in pieces, hashed and compressed on the way, and stored under its hash.

Files with the same content are stored once. A file takes its place whole or not at all: what was begun lies in ``begun`` until then.
"""

import hashlib
import os
import stat
import uuid
import zlib
from dataclasses import dataclass
from pathlib import Path

import twinloop

PIECE = 256 * 1024


@dataclass
class Found:
    """A file of the folder, as the walk saw it."""

    path: str
    name: str
    size: int
    changed_ns: int


@dataclass
class Packed:
    found: Found
    sha256: str = ""
    size: int = 0
    stored: int = 0
    error: OSError | None = None


def place_of(archive: Path, sha256: str) -> Path:
    return archive / "objects" / sha256[:2] / f"{sha256[2:]}.gz"


def pack(archive: Path, found: Found) -> Packed:
    """Stores a file. What is wrong with it is told and not raised: it is no reason to stop."""
    begun = archive / "begun" / uuid.uuid4().hex
    try:
        # The walk saw a file; a pipe that has taken its name meanwhile would keep a reader waiting for ever.
        descriptor = os.open(found.path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        with open(descriptor, "rb", buffering=0) as source:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(0, "it is no file any more", found.path)
            packed = Packed(found)
            digest = hashlib.sha256()
            compressor = zlib.compressobj(wbits=31)
            with open(begun, "wb") as target:
                while piece := source.read(PIECE):
                    # Where a job that was cancelled ends.
                    twinloop.progress(len(piece))
                    digest.update(piece)
                    packed.size += len(piece)
                    target.write(compressor.compress(piece))
                target.write(compressor.flush())
                packed.stored = target.tell()
            packed.sha256 = digest.hexdigest()
            place = place_of(archive, packed.sha256)
            place.parent.mkdir(parents=True, exist_ok=True)
            begun.replace(place)
            return packed
    except OSError as error:
        return Packed(found, error=error)
    finally:
        begun.unlink(missing_ok=True)


def is_whole(archive: Path, sha256: str) -> bool:
    """Whether what is stored under a hash is what has that hash."""
    digest = hashlib.sha256()
    try:
        with open(place_of(archive, sha256), "rb") as source:
            decompressor = zlib.decompressobj(wbits=31)
            while piece := source.read(PIECE):
                twinloop.progress()
                while piece:
                    digest.update(decompressor.decompress(piece, PIECE))
                    piece = decompressor.unconsumed_tail
        return decompressor.eof and digest.hexdigest() == sha256
    except (OSError, zlib.error):
        return False
