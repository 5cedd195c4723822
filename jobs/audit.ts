/** Looks at a sample of the people on the targets, in their spare time. A process that closes leaves the rest of it. */
import { z } from 'zod';
import type { JobDefinition } from '../src/queue/job.ts';

export const audit: JobDefinition<'audit'> = {
  name: 'audit',
  schema: z.object({}),
  key: () => 'all',
  concurrency: () => 1,
  handle: (_data, { slots, useCases, signal, stopping }) =>
    slots.run('audit', 1, async () => {
      try {
        await useCases.audit(AbortSignal.any([signal, stopping]));
      } catch (error) {
        if (!stopping.aborted) throw error;
      }
    }),
};
