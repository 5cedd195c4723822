/** Once a minute: seals new evidence, and forgets what has served its purpose. */
import { z } from 'zod';
import type { JobDefinition } from '../src/queue/job.ts';

export const housekeeping: JobDefinition<'housekeeping'> = {
  name: 'housekeeping',
  schema: z.object({}),
  key: () => 'all',
  concurrency: () => 1,
  handle: (_data, { slots, useCases, signal }) => slots.run('housekeeping', 1, () => useCases.housekeeping(signal)),
};
