// The job: some rows of a picture of the Mandelbrot set, a byte for each point: after how many steps it has gone far away, or 0.

export function rows(first, last, width, height, steps) {
  const picture = new Uint8Array((last - first) * width);
  let place = 0;
  for (let row = first; row < last; row += 1) {
    const y = (row / height) * 2.4 - 1.2;
    for (let column = 0; column < width; column += 1) {
      const x = (column / width) * 3.2 - 2.2;
      let a = 0;
      let b = 0;
      let count = 0;
      while (count < steps && a * a + b * b <= 4) {
        [a, b] = [a * a - b * b + x, 2 * a * b + y];
        count += 1;
      }
      picture[place++] = count % steps;
    }
  }
  return picture;
}
