/**
 * The status page: which addresses there are, and what each of them looks up. Guarantees: nothing is shown without the
 * admin token, and nothing at all where none is set; ids, codes, keyed hashes and our own sentences only; reading changes
 * nothing. What changes something is in acts.ts.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { formatRecordRef, parseRecordRef, type RecordRef } from '../../config/words.ts';
import { csvLines, mostLines } from '../cli-evidence.ts';
import { isConnectorError } from '../http/errors.ts';
import type { Logger } from '../logging.ts';
import { type ListName, listNames } from '../store/lists.ts';
import type { Core } from '../sync/core.ts';
import { explain } from '../sync/explain.ts';
import { targetSentence } from '../sync/settle.ts';
import { status } from '../sync/status.ts';
import { noticeOf, serveActs } from './acts.ts';
import { type Form, type Gate, openGate, sendPage, takeForms } from './gate.ts';
import { erasuresContent, type ListedErasure } from './pages/erasures.ts';
import { holdContent, holdsContent, mostCases } from './pages/holds.ts';
import type { Part } from './pages/html.ts';
import { page, places } from './pages/layout.ts';
import { listContent, listPageSize, listTitles } from './pages/lists.ts';
import { noTokenContent } from './pages/log-in.ts';
import { overviewContent } from './pages/overview.ts';
import { evidenceContent, recordContent, type Unexplained } from './pages/record.ts';
import { parsePlace, parseSearch } from './pages/search.ts';
import { icon, style } from './pages/style.ts';

/** Milliseconds that Dataverse has to answer: about its settings, which are left out otherwise, and about a record. */
const settingsPatienceMs = 3_000;
const recordPatienceMs = 20_000;
/** Lines of evidence on the page of a record, as many as the command shows; and erasures on theirs. */
const evidenceShown = 10;
const erasuresShown = 100;
const finishedShown = 20;

export async function serveStatusPage(app: FastifyInstance, core: Core, logger: Logger): Promise<void> {
  takeForms(app);
  app.setErrorHandler((error, _request, reply) => {
    const code = (error as { statusCode?: number }).statusCode ?? 500;
    if (code < 500)
      return sendPage(reply, page({ title: 'Not understood', content: 'This request cannot be answered.' }), code);
    logger.error({ err: error }, 'a status page could not be made');
    const why = isConnectorError(error) ? `${error.message} (${error.code})` : 'The reason is in the log.';
    return sendPage(reply, page({ title: 'This page cannot be shown now', content: why }), 500);
  });
  app.setNotFoundHandler(async (_request, reply) => notFound(reply));
  app.get('/assets/style.css', async (_request, reply) => reply.type('text/css; charset=utf-8').send(style));
  app.get('/assets/icon.svg', async (_request, reply) => reply.type('image/svg+xml').send(icon));
  const token = core.settings.server.adminToken;
  if (!token) {
    for (const path of ['/log-in', ...places.map(([place]) => place)]) {
      app.get(path, async (_request, reply) =>
        sendPage(reply, page({ title: 'Status page', content: noTokenContent() }), 403),
      );
    }
    return;
  }
  await openGate(app, { adminToken: token.reveal(), now: core.now, logger }, (inside, gate) => {
    servePages(inside, gate, core);
    serveActs(inside, core);
  });
}

function notFound(reply: FastifyReply): FastifyReply {
  return sendPage(reply, page({ title: 'Not here', content: 'There is no such page.' }), 404);
}

function servePages(app: FastifyInstance, gate: Gate, core: Core): void {
  const { store } = core;
  const answer = (request: FastifyRequest, reply: FastifyReply, title: string, content: Part): FastifyReply => {
    const [place] = places.find(([path]) => path !== '/' && request.url.startsWith(path)) ?? ['/'];
    const notice = noticeOf((request.query as Form).done);
    const isInMenu = place !== '/' || request.url.split('?')[0] === '/';
    return sendPage(
      reply,
      page({ title, content, visitor: gate.session(request), notice, ...(isInMenu ? { place } : {}) }),
    );
  };

  app.get('/', async (request, reply) => {
    const found = await status(core, AbortSignal.timeout(settingsPatienceMs));
    const content = overviewContent({
      status: found,
      checkpoints: await store.checkpoints.all(),
      activity: await store.activity.last(25),
      allowed: new Map([...core.targets].map(([name, { settings }]) => [name, settings.requestsPerSecond])),
      now: (await store.overview.now()).getTime(),
    });
    return answer(request, reply, 'Overview', content);
  });

  for (const list of listNames) {
    app.get(`/${list}`, async (request, reply) =>
      answer(request, reply, listTitles[list], listContent(await listData(core, list, request), gate.session(request))),
    );
  }

  app.get('/records/:table/:id', async (request, reply) => {
    const ref = refOf(request);
    if (!ref) return notFound(reply);
    const found = await explain(
      core,
      ref,
      { lookUp: false, evidence: evidenceShown },
      AbortSignal.timeout(recordPatienceMs),
    ).catch(whyNot);
    const name = formatRecordRef(ref);
    const now = (await store.overview.now()).getTime();
    return answer(request, reply, name, recordContent(name, found, now, gate.session(request)));
  });

  app.get('/records/:table/:id/evidence.csv', async (request, reply) => {
    const ref = refOf(request);
    if (!ref) return notFound(reply);
    const text = `${csvLines(await evidenceOf(core, ref)).join('\r\n')}\r\n`;
    return download(reply, ref, 'csv').type('text/csv; charset=utf-8').send(text);
  });

  app.get('/records/:table/:id/evidence.json', async (request, reply) => {
    const ref = refOf(request);
    if (!ref) return notFound(reply);
    const text = `${JSON.stringify(await evidenceOf(core, ref), null, 2)}\n`;
    return download(reply, ref, 'json').type('application/json; charset=utf-8').send(text);
  });

  app.get('/evidence', async (request, reply) => {
    const { record = '', as = '' } = request.query as Form;
    const ref = parseRecordRef(record.trim());
    const kind = as === 'json' ? 'json' : 'csv';
    if (ref) return reply.redirect(`/records/${formatRecordRef(ref)}/evidence.${kind}`, 303);
    return answer(request, reply, 'Evidence', evidenceContent(record, record !== ''));
  });

  app.get('/holds', async (request, reply) => answer(request, reply, 'Holds', holdsContent(await store.brake.holds())));

  app.get('/holds/:id', async (request, reply) => {
    const { id } = request.params as { id: string };
    const found = /^\d{1,15}$/.test(id) ? await store.brake.hold(Number(id)) : undefined;
    if (!found) return notFound(reply);
    const keys = found.cases.slice(0, mostCases).map((row) => row.profile_key);
    const records = await store.overview.recordsOf(found.hold.target, keys);
    const content = holdContent(found.hold, found.cases, records, gate.session(request));
    return answer(request, reply, `Hold ${id}`, content);
  });

  app.get('/erasures', async (request, reply) => {
    const open = await erasuresWithTargets(core, 'open', erasuresShown);
    const done = await erasuresWithTargets(core, 'done', finishedShown);
    const now = (await store.overview.now()).getTime();
    const { open: count } = await store.erasures.countOpen();
    return answer(request, reply, 'Erasures', erasuresContent(open, count, done, now));
  });
}

async function listData(
  core: Core,
  list: ListName,
  request: FastifyRequest,
): Promise<Parameters<typeof listContent>[0]> {
  const { search = '', after = '' } = request.query as Form;
  const wanted = parseSearch(search);
  const place = parsePlace(after);
  const now = (await core.store.overview.now()).getTime();
  const states = await core.store.targets.all();
  return {
    list,
    search,
    isNonsense: wanted === undefined,
    rows: wanted ? await core.store.lists.records({ list, ...wanted, after: place, limit: listPageSize + 1 }) : [],
    isFirst: place === undefined,
    paused: new Map(
      states.flatMap((row) =>
        (row.paused_until?.getTime() ?? 0) > now ? [[row.target, row.paused_reason ?? ''] as const] : [],
      ),
    ),
    now,
  };
}

async function erasuresWithTargets(core: Core, state: 'open' | 'done', limit: number): Promise<ListedErasure[]> {
  const found: ListedErasure[] = [];
  for (const erasure of await core.store.lists.erasures(state, limit)) {
    const targets = await core.store.erasures.targets(erasure.id);
    found.push({ erasure, targets: targets.map((row) => targetSentence(core, row)) });
  }
  return found;
}

function refOf(request: FastifyRequest): RecordRef | undefined {
  const { table, id } = request.params as { table: string; id: string };
  return parseRecordRef(`${table}/${id}`);
}

async function evidenceOf(core: Core, ref: RecordRef) {
  return (await core.store.evidence.of(ref, mostLines)).reverse();
}

function download(reply: FastifyReply, ref: RecordRef, kind: string): FastifyReply {
  return reply.header('content-disposition', `attachment; filename="evidence-${ref.table}-${ref.id}.${kind}"`);
}

/** A record is explained from the row as it is now: Dataverse may not answer. */
function whyNot(error: unknown): Unexplained {
  if (isConnectorError(error)) return { code: error.code, message: error.message };
  if (error instanceof DOMException) return { code: 'TIME_IS_UP', message: 'Dataverse does not answer in time' };
  throw error;
}
