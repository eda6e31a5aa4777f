"""The cold part of what crosses between the languages; ``crates/runtime/src/crossing`` is the hot one and calls it."""
