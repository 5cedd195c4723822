/**
 * Loaded into a worker before anything else (`node --import`): ends the process with SIGKILL at the first of the moments
 * that its plan names. Guarantees: nothing the worker does is changed; calls and statements are only looked at from outside, through
 * Node's diagnostics channels and a wrapped query function. What happened is written to file descriptor 3 first,
 * synchronously, so that the last words arrive.
 *
 * Its modules are loaded beforehand, and then it waits for a line with its plan on file descriptor 4: so the next worker
 * is ready to begin when one dies, as a supervisor's would be on a machine with nothing else to do.
 *
 *   before-call   a write to the platform is about to be sent: its intent is stored
 *   call-sent     the request has left, the answer has not come
 *   answered      the platform has confirmed, and nothing of it is in the database yet
 *   pull          inside the transaction that moves a checkpoint and marks records owed
 */
import diagnostics from 'node:diagnostics_channel';
import { readSync, writeSync } from 'node:fs';
import type { ClientRequest, IncomingMessage } from 'node:http';
import pg from 'pg';
import { type CrashPlan, type Phase, planFrom, reportTo } from './phases.ts';

await import('../../src/cli-program.ts');
const plan = readPlan();
// Whoever outlives the driver would go on for ever: nobody would end it.
const driver = process.ppid;
setInterval(() => process.ppid !== driver && process.kill(process.pid, 'SIGKILL'), 1000).unref();
const left: Partial<Record<Phase, number>> = { ...plan?.after };

/** Blocks until the driver says begin. Ends the process when the driver is gone. */
function readPlan(): CrashPlan | null {
  const byte = Buffer.alloc(1);
  let line = '';
  for (;;) {
    if (readSync(planFrom, byte, 0, 1, null) === 0) process.exit(0);
    if (byte[0] === 10) return JSON.parse(line) as CrashPlan | null;
    line += byte.toString('latin1');
  }
}

function reached(phase: Phase): void {
  const before = left[phase];
  if (before === undefined) return;
  left[phase] = before - 1;
  if (before > 1) return;
  writeSync(reportTo, `${phase}\n`);
  process.kill(process.pid, 'SIGKILL');
}

function isWrite(request: ClientRequest): boolean {
  const isPlatform = plan?.platformHosts.includes(String(request.getHeader('host'))) ?? false;
  return isPlatform && request.method !== 'GET';
}

diagnostics.subscribe('http.client.request.created', (message) => {
  const { request } = message as { request: ClientRequest };
  if (!isWrite(request)) return;
  reached('before-call');
  request.once('finish', () => reached('call-sent'));
});

diagnostics.subscribe('http.client.response.finish', (message) => {
  const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
  const status = response.statusCode ?? 0;
  if (!isWrite(request) || status < 200 || status > 299) return;
  // Not listening for `data`: that would begin the reading before the worker does.
  response.prependOnceListener('end', () => {
    if (!String(response.headers['content-type'] ?? '').startsWith('text/html')) reached('answered');
  });
});

/** Connections whose transaction has moved a checkpoint, and those of them that have marked something owed. */
const moved = new WeakSet<object>();
const marked = new WeakSet<object>();

function textOf(query: unknown): string {
  return typeof query === 'string' ? query : String((query as { text?: unknown } | null)?.text ?? '');
}

const query = pg.Client.prototype.query as (this: pg.Client, ...args: unknown[]) => unknown;
pg.Client.prototype.query = function watched(this: pg.Client, ...args: unknown[]): unknown {
  const text = textOf(args[0]).trimStart();
  const isMarking = /^with news as/.test(text) && moved.has(this);
  const ends = /^(commit|rollback)/i.test(text);
  if (/^update checkpoint set link/.test(text)) moved.add(this);
  if (isMarking) {
    marked.add(this);
    reached('pull');
  }
  if (ends && marked.has(this)) reached('pull');
  if (ends) {
    moved.delete(this);
    marked.delete(this);
  }
  const result = query.apply(this, args);
  if (isMarking && result instanceof Promise) result.then(() => reached('pull')).catch(() => undefined);
  return result;
} as typeof pg.Client.prototype.query;
