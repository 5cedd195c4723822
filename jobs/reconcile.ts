/** Compares the ledger of ids with the CRM. */
import { z } from 'zod';
import type { JobDefinition } from '../src/queue/job.ts';

export const reconcile: JobDefinition<'reconcile'> = {
  name: 'reconcile',
  schema: z.object({}),
  key: () => 'all',
  concurrency: () => 1,
  handle: (_data, { slots, useCases, signal }) => slots.run('reconcile', 1, () => useCases.reconcile(signal)),
};
