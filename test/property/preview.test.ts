/**
 * A preview is exact: over random CRM states and changes of settings, what it announced is what the sync that follows
 * did, call by call and row by row.
 * The same 50 each time; others with PROPERTY_RUNS and PROPERTY_SEED.
 */
import fc from 'fast-check';
import { type Command, histories } from './history/commands.ts';
import { runHistory } from './history/run.ts';
import { instead, type Tally } from './preview/exact.ts';

it('announces exactly what the next sync does, in 50 random states with changed settings, and writes nothing', async () => {
  const seed = Number(process.env.PROPERTY_SEED ?? 2026);
  const runs = Number(process.env.PROPERTY_RUNS ?? 50);
  const tally: Tally = { previews: 0, calls: 0, changing: 0, held: 0, parked: 0 };
  const brakes = fc.constantFrom(0, 1, 2, 1_000_000, 1_000_000);
  let problem = '';

  const details = await fc.check(
    fc.asyncProperty(histories, brakes, async (history, brakeCount) => {
      const outcome = await runHistory(history, instead(tally, brakeCount));
      problem = outcome.problem ?? problem;
      return outcome.problem === undefined;
    }),
    { numRuns: runs, seed },
  );

  expect(details.failed ? `seed ${seed}: ${problem}\n${JSON.stringify(details.counterexample)}` : '').toBe('');
  expect(tally.previews).toBeGreaterThan(runs);
  expect(tally.calls).toBeGreaterThan(runs);
  expect(tally.changing).toBeGreaterThan(runs);
});

it('announces what the brake will hold', async () => {
  const tally: Tally = { previews: 0, calls: 0, changing: 0, held: 0, parked: 0 };
  const settle: Command = { do: 'settle', faults: [], deaths: [] };
  const commands: Command[] = [
    { do: 'create', slot: 0, address: 0, flags: ['Newsletter'] },
    { do: 'create', slot: 1, address: 2, flags: ['Newsletter'] },
    settle,
    { do: 'delete', slot: 0 },
    { do: 'flag', slot: 1, flag: 'doNotEmail' },
    settle,
  ];
  const world = { identity: 'address', secondIdentity: 'address', addressMutable: true, earlier: [] } as const;

  const { problem } = await runHistory({ ...world, commands }, instead(tally, 0));

  expect(problem).toBeUndefined();
  // Both, in the preview before they are held, and in the one at the end.
  expect(tally.held).toBeGreaterThanOrEqual(3);
});
