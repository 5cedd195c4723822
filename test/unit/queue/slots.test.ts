import { describe, expect, test } from '@jest/globals';
import { createSlots } from '../../../src/queue/slots.ts';
import { gate } from '../../support/use-cases.ts';

describe('slots', () => {
  test('a request that finds no place makes a running one go round once more, however many there were', async () => {
    const slots = createSlots();
    const first = gate();
    let rounds = 0;
    const running = slots.run('a', 1, async () => {
      rounds += 1;
      if (rounds === 1) await first.opened;
    });
    const joined = await Promise.all([1, 2, 3].map(() => slots.run('a', 1, async () => undefined)));
    expect(joined).toEqual(['joined', 'joined', 'joined']);
    expect(rounds).toBe(1);
    first.open();
    expect(await running).toBe('done');
    expect(rounds).toBe(2);
  });

  test('as many run at once as the limit says, each key on its own', async () => {
    const slots = createSlots();
    const hold = gate();
    let running = 0;
    const work = async (): Promise<void> => {
      running += 1;
      await hold.opened;
    };
    const all = [slots.run('a', 2, work), slots.run('a', 2, work), slots.run('a', 2, work), slots.run('b', 1, work)];
    expect(running).toBe(3);
    hold.open();
    expect(await Promise.all(all)).toEqual(['done', 'done', 'joined', 'done']);
  });

  test('work that throws gives its place back', async () => {
    const slots = createSlots();
    await expect(slots.run('a', 1, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await slots.run('a', 1, async () => undefined)).toBe('done');
  });
});
