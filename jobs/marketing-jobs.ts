/** Takes up what CRM users asked for, and writes back what is finished. */
import { z } from 'zod';
import type { JobDefinition } from '../src/queue/job.ts';

export const marketingJobs: JobDefinition<'marketing-jobs'> = {
  name: 'marketing-jobs',
  schema: z.object({}),
  key: () => 'all',
  concurrency: () => 1,
  handle: (_data, { slots, useCases, signal }) => slots.run('marketing-jobs', 1, () => useCases.marketingJobs(signal)),
};
