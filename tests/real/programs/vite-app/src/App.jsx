import { useState } from 'react';
import { label } from './label.ts';

export function App({ name }) {
  const [count, setCount] = useState(0);
  return (
    <button type="button" onClick={() => setCount(count + 1)}>
      {label(name, count)}
    </button>
  );
}
