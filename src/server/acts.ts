/**
 * What can be done from the status page: decide a hold, take up what is parked. Guarantees: each act goes the way of the
 * command of that name, leaves evidence with the actor `status page`, and ends on a page that says what it led to.
 */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { formatRecordRef, parseRecordRef } from '../../config/words.ts';
import type { Core } from '../sync/core.ts';
import { decideHold, retryParked } from '../sync/operate.ts';
import { formOf } from './gate.ts';

export const actor = 'status page';

const notices: Readonly<Record<string, string>> = {
  approved: 'Approved for 24 hours. Every case is decided again from its row, by a worker.',
  rejected: 'Rejected. The cases stay as they are until their records change.',
  decided: 'Somebody has decided this hold already.',
  unsure: 'Not approved: say first that you have looked at the cases.',
  retried: 'Owed again: a worker takes it up.',
  'nothing-parked': 'Nothing was parked any more.',
};

/** The sentence for the end of an address; undefined for anything else. */
export function noticeOf(done: string | undefined): string | undefined {
  return done !== undefined && Object.hasOwn(notices, done) ? notices[done] : undefined;
}

export function serveActs(app: FastifyInstance, core: Core): void {
  const back = (reply: FastifyReply, path: string, done: string): FastifyReply =>
    reply.redirect(`${path}?done=${done}`, 303);

  for (const [word, verdict] of [
    ['approve', 'approved'],
    ['reject', 'rejected'],
  ] as const) {
    app.post(`/holds/:id/${word}`, async (request, reply) => {
      const { id } = request.params as { id: string };
      if (!/^\d{1,15}$/.test(id)) return reply.callNotFound();
      if (verdict === 'approved' && formOf(request).sure !== 'yes') return back(reply, `/holds/${id}`, 'unsure');
      const isDecided = await decideHold(core, Number(id), verdict, actor);
      return back(reply, `/holds/${id}`, isDecided ? verdict : 'decided');
    });
  }

  app.post('/parked/retry', async (_request, reply) => {
    const taken = await retryParked(core, undefined, actor);
    return back(reply, '/parked', taken > 0 ? 'retried' : 'nothing-parked');
  });

  app.post('/records/:table/:id/retry', async (request, reply) => {
    const { table, id } = request.params as { table: string; id: string };
    const ref = parseRecordRef(`${table}/${id}`);
    if (!ref) return reply.callNotFound();
    const taken = await retryParked(core, ref, actor);
    return back(reply, `/records/${formatRecordRef(ref)}`, taken > 0 ? 'retried' : 'nothing-parked');
  });
}
