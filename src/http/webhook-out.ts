/**
 * Messages to an address of the integrator's. Guarantees: signed, so that the receiver can tell who sent it and when;
 * over TLS except for loopback, only to the configured host, along no redirect; the address, which may carry a token,
 * stands in no error and no log line. Deliberately not in it: repetition.
 */
import { createHmac } from 'node:crypto';
import type { Logger } from 'pino';
import type { Secret } from '../../config/settings.ts';
import { createHttpClient, hostOf } from './client.ts';
import { ConnectorError } from './errors.ts';

export interface WebhookOut {
  /**
   * Resolves when the receiver answered 2xx. `id` is the same for every repetition of one message. Throws ConnectorError.
   */
  send(id: string, message: object, signal: AbortSignal): Promise<void>;
  /** Closes idle connections. */
  close(): void;
}

export interface WebhookOutOptions {
  readonly url: Secret;
  readonly secret: Secret;
  readonly logger: Pick<Logger, 'debug'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds one message may take. */
  readonly timeoutMs?: number;
}

/** `t=<seconds since 1970>,v1=<HMAC-SHA-256, hex, over "<t>.<body>">`. */
export function signature(secret: string, seconds: number, body: string): string {
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}

export function createWebhookOut(options: WebhookOutOptions): WebhookOut {
  const url = options.url.reveal();
  const http = createHttpClient({
    service: 'the alarm webhook',
    timeoutMs: options.timeoutMs ?? 10_000,
    allowedHosts: [hostOf(url)],
    maxResponseBytes: 65_536,
    logger: options.logger,
    now: options.now,
  });
  return {
    async send(id, message, signal) {
      const body = JSON.stringify(message);
      const answer = await http.request({
        method: 'POST',
        url,
        template: 'POST {alarms.webhook.url}',
        headers: {
          'Content-Type': 'application/json',
          'Connector-Message-Id': id,
          'Connector-Signature': signature(options.secret.reveal(), Math.floor(options.now() / 1000), body),
        },
        body,
        signal,
      });
      if (answer.status >= 200 && answer.status < 300) return;
      throw new ConnectorError('retry', 'WEBHOOK_REFUSED', `The alarm webhook answered ${answer.status}.`, {
        status: answer.status,
      });
    },
    close: () => http.close(),
  };
}
