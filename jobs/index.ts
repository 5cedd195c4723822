/** Every job there is. */
import { createJobMap, type JobMap } from '../src/queue/job.ts';
import { apply } from './apply.ts';
import { audit } from './audit.ts';
import { housekeeping } from './housekeeping.ts';
import { marketingJobs } from './marketing-jobs.ts';
import { pull } from './pull.ts';
import { reconcile } from './reconcile.ts';
import { sweep } from './sweep.ts';

export const jobs: JobMap = createJobMap([pull, apply, marketingJobs, reconcile, sweep, housekeeping, audit]);
