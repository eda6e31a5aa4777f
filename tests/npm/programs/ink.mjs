// react, ink-testing-library and ink do what they do on Node.
import React, { useState, useEffect } from 'react';
import { render } from 'ink-testing-library';
import { Box, Text, useInput } from 'ink';
const h = React.createElement;
function Counter() {
  const [n, setN] = useState(0);
  useEffect(() => {
    const t = setInterval(() => setN((x) => (x < 3 ? x + 1 : x)), 10);
    return () => clearInterval(t);
  }, []);
  const [key, setKey] = useState('');
  useInput((input) => setKey(input));
  return h(
    Box,
    { borderStyle: 'round', flexDirection: 'column', width: 20 },
    h(Text, { color: 'green' }, `count ${n}`),
    h(Text, { bold: true }, `key ${key}`),
  );
}
const { lastFrame, stdin, unmount } = render(h(Counter));
await new Promise((r) => setTimeout(r, 200));
stdin.write('x');
await new Promise((r) => setTimeout(r, 300));
console.log(lastFrame());
unmount();
