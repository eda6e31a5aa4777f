"""The job: some rows of a picture of the Mandelbrot set, a byte for each point: after how many steps it has gone far away, or 0."""

import twinloop


def rows(first, last, width, height, steps):
    picture = bytearray()
    for row in range(first, last):
        twinloop.progress(row)  # where a thread ends whose job was cancelled
        y = (row / height) * 2.4 - 1.2
        for column in range(width):
            x = (column / width) * 3.2 - 2.2
            a = b = 0.0
            count = 0
            while count < steps and a * a + b * b <= 4:
                a, b = a * a - b * b + x, 2 * a * b + y
                count += 1
            picture.append(count % steps)
    return bytes(picture)


def piece(words):
    return rows(*words)
