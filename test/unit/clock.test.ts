import { afterEach, describe, expect, test } from '@jest/globals';
import { type Clock, openClock } from '../../src/clock.ts';

const noon = Date.parse('2026-03-01T12:00:00Z');
const hour = 3_600_000;

let clock: Clock | undefined;
afterEach(() => clock?.close());

/** A machine that is three hours behind its database. */
async function machine() {
  const state = { wall: noon - 3 * hour, steady: 500, asked: 0, away: false };
  const pass = (ms: number) => {
    state.wall += ms;
    state.steady += ms;
  };
  clock = await openClock({
    ask: async () => {
      state.asked += 1;
      if (state.away) throw new Error('away');
      return new Date(noon + state.steady - 500);
    },
    wall: () => state.wall,
    steady: () => state.steady,
  });
  return { state, pass, clock };
}

describe('the clock', () => {
  test('tells the time of the database and counts on', async () => {
    const { clock, pass } = await machine();
    expect(clock.now()).toBe(noon);
    pass(1500);
    expect(clock.now()).toBe(noon + 1500);
  });

  test.each([6 * hour, -6 * hour])('does not follow a machine that is set by %i ms', async (step) => {
    const { clock, state, pass } = await machine();
    state.wall += step;
    pass(1000);
    expect(clock.now()).toBe(noon + 1000);
    await clock.check();
    expect(clock.now()).toBe(noon + 1000);
    expect(state.asked).toBe(2);
  });

  test('asks again after a machine has slept, during which its steady clock stood still', async () => {
    let slept = 0;
    clock = await openClock({ ask: async () => new Date(noon + slept), wall: () => noon + slept, steady: () => 0 });
    slept = 8 * hour;
    expect(clock.now()).toBe(noon);
    await clock.check();
    expect(clock.now()).toBe(noon + 8 * hour);
  });

  test('asks once a minute, and not more often', async () => {
    const { clock, state, pass } = await machine();
    pass(59_000);
    await clock.check();
    expect(state.asked).toBe(1);
    pass(1000);
    await clock.check();
    expect(state.asked).toBe(2);
  });

  test('counts on while the database is away', async () => {
    const { clock, state, pass } = await machine();
    state.away = true;
    pass(2 * 60_000);
    await clock.check();
    expect(clock.now()).toBe(noon + 2 * 60_000);
  });

  test('does not open without the database', async () => {
    await expect(openClock({ ask: async () => Promise.reject(new Error('away')) })).rejects.toThrow('away');
  });
});
