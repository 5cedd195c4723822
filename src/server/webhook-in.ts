/**
 * `POST /hooks/dataverse`: Dynamics says that something changed. Guarantees: it is a hint and nothing more. Nothing of the
 * message is kept or believed but the names of its table; a lost, late, repeated or forged one changes only when a feed
 * is read. Whoever does not know the secret is refused before the message is read. What we cannot use is answered with 204
 * too, and counted: Dataverse would only note a failed job (wire: use-webhooks, one repetition, for 502 to 504 only).
 */
import type { FastifyInstance } from 'fastify';
import type { WebhookSettings } from '../../config/settings.ts';
import { isTableName, type TableName, webhookSecretHeader } from '../../config/words.ts';
import type { Logger } from '../logging.ts';
import type { Wake } from '../sync/use-cases.ts';
import type { WebhookResult } from './metrics.ts';
import { createNudges } from './nudge.ts';
import { isSameSecret } from './secret.ts';

export const webhookPath = '/hooks/dataverse';

/** Bytes. Wire: use-webhooks; above 256 KB Dataverse leaves the content out and says so in a header. */
const messageLimit = 512 * 1024;

/** Wire: use-webhooks; headers of every message. */
const tableHeader = 'x-ms-dynamics-entity-name';
const oversizedHeader = 'x-ms-dynamics-msg-size-exceeded';

export interface WebhookOptions {
  readonly webhook: WebhookSettings;
  readonly tables: readonly TableName[];
  /** Logical name of the table of Marketing Jobs, where it is used. */
  readonly jobTable: string | undefined;
  readonly wake: Pick<Wake, 'pull' | 'marketingJobs'>;
  readonly count: (result: WebhookResult) => void;
  readonly logger: Logger;
}

export async function serveWebhook(app: FastifyInstance, options: WebhookOptions): Promise<void> {
  const { webhook, tables, jobTable, wake, count, logger } = options;
  const secret = webhook.secret.reveal();
  const nudges = createNudges<TableName | 'jobs'>((kind) => (kind === 'jobs' ? wake.marketingJobs() : wake.pull(kind)));
  app.addHook('onClose', async () => nudges.stop());

  app.addHook('onRequest', async (request, reply) => {
    const given = request.headers[webhookSecretHeader];
    if (typeof given === 'string' && isSameSecret(given, secret)) return;
    count('refused');
    // Anybody may cause this as often as they like: counted, and told only to who looks closely.
    logger.debug({}, 'a message to the webhook was refused: it does not carry the secret that setup registers');
    await reply.code(401).send();
  });

  // Read so that the connection can go on, and forgotten: it holds values of the row.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: messageLimit }, (_request, _body, done) => done(null));
  app.setErrorHandler((error, request, reply) => {
    if ((error as { statusCode?: number }).statusCode !== 413) {
      logger.error({ err: error }, 'a message to the webhook could not be answered');
      return reply.code(500).send();
    }
    // Its header has told all that matters.
    count(handle(request.headers[tableHeader]) ? 'oversized' : 'unknown');
    return reply.code(204).send();
  });

  function handle(name: unknown): boolean {
    const table = typeof name === 'string' ? name.trim().toLowerCase() : '';
    if (table !== '' && table === jobTable) nudges.nudge('jobs');
    else if (isTableName(table) && tables.includes(table)) nudges.nudge(table);
    else return false;
    return true;
  }

  app.post(webhookPath, async (request, reply) => {
    const isOversized = request.headers[oversizedHeader] !== undefined;
    const isKnown = handle(request.headers[tableHeader]);
    count(!isKnown ? 'unknown' : isOversized ? 'oversized' : 'taken');
    return reply.code(204).send();
  });
}
