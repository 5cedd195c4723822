/** Wakes every target that has something due: what a lost wake-up, a killed process or a flushed Redis left lying. */
import { z } from 'zod';
import type { JobDefinition } from '../src/queue/job.ts';

export const sweep: JobDefinition<'sweep'> = {
  name: 'sweep',
  schema: z.object({}),
  key: () => 'all',
  concurrency: () => 1,
  handle: (_data, { slots, useCases, wake, signal }) =>
    slots.run('sweep', 1, async () => {
      for (const target of await useCases.dueTargets(signal)) await wake.apply(target);
    }),
};
