import { afterEach, describe, expect, it, vi } from 'vitest';
import { label } from './label.ts';

describe('label', () => {
  afterEach(() => {
    vi.useRealTimers();
  });
  it('has a name and a count', () => {
    expect(label('ä', 2)).toBe('ä: 2');
  });
  it('can be mocked', () => {
    const spy = vi.fn(label);
    spy('x', 1);
    expect(spy).toHaveBeenCalledWith('x', 1);
  });
  it('has timers', async () => {
    vi.useFakeTimers();
    const waits = new Promise((resolve) => setTimeout(() => resolve(label('later', 1)), 60_000));
    vi.advanceTimersByTime(60_000);
    await expect(waits).resolves.toBe('later: 1');
  });
  it('fails where it should', () => {
    expect(() => expect(label('x', 1)).toBe('y: 1')).toThrow(/expected 'x: 1' to be 'y: 1'/);
  });
});
