/** Reads one table's change feed to its end. Twice at once in a process would only be slower: it is run once more instead. */
import { z } from 'zod';
import { tableNames } from '../config/words.ts';
import type { JobDefinition } from '../src/queue/job.ts';

export const pull: JobDefinition<'pull'> = {
  name: 'pull',
  schema: z.object({ table: z.enum(tableNames) }),
  key: ({ table }) => table,
  concurrency: ({ tables }) => tables,
  handle: ({ table }, { slots, useCases, signal }) =>
    slots.run(`pull/${table}`, 1, async () => {
      await useCases.pull(table, signal);
    }),
};
