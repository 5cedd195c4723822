/**
 * Applies what is owed to one target, batch after batch, for half a minute at most; then another wake-up carries on,
 * here or in another process. While more is due it calls for help once, so that a backlog fills every free place of the
 * fleet and one batch fills one.
 */
import { z } from 'zod';
import type { TargetName } from '../config/words.ts';
import type { JobContext, JobDefinition } from '../src/queue/job.ts';

/** Batches, and milliseconds, after which a run makes room for others. */
const mostBatches = 200;
const longest = 30_000;

export const apply: JobDefinition<'apply'> = {
  name: 'apply',
  schema: z.object({
    target: z
      .string()
      .min(1)
      .transform((name) => name as TargetName),
  }),
  key: ({ target }) => target,
  concurrency: ({ targets, batchesAtOnce }) => targets * batchesAtOnce,
  handle: ({ target }, context) =>
    context.slots.run(`apply/${target}`, context.batchesAtOnce, () => applyWhileDue(target, context)),
};

async function applyWhileDue(target: TargetName, context: JobContext): Promise<void> {
  const until = context.now() + longest;
  for (let batch = 1; ; batch += 1) {
    const { claimed, more } = await context.useCases.apply(target, context.signal);
    // Due, but others are at it: they carry on, and a sweep comes anyway.
    if (!more || claimed === 0) return;
    const last = batch >= mostBatches || context.now() >= until || context.stopping.aborted;
    if (batch === 1 || last) await context.wake.apply(target);
    if (last) return;
  }
}
