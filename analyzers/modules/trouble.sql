-- Module: How much a wait of a length troubles, from 0 to 1: 10 µs trouble nobody, 10 ms half, a second wholly.
length_ns -> length_ns / (length_ns + 1e7)
