/**
 * One call of Mailjet: authenticated, sent, its status classified, its body read in the described form. Knows no
 * resource. wire: platforms.md 1.1 (Basic authentication, envelope), 1.3 (304 and empty bodies are success).
 */
import type { z } from 'zod';
import { type HttpClient, type HttpResponse, parseJson, requestIdOf } from '../../http/client.ts';
import { ConnectorError } from '../../http/errors.ts';
import { mailjetError } from './errors.ts';
import { listOf } from './schema.ts';
import type { MailjetSettings } from './settings.ts';

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** From the version on, query included. */
  readonly path: string;
  /** For logs and errors. */
  readonly template: string;
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

/** What is said about a call that changes something. */
export interface Acknowledgement {
  /** False when Mailjet does not have what it is about. */
  readonly found: boolean;
  readonly status: number;
  readonly requestId: string | undefined;
}

/** Every method throws ConnectorError. */
export interface Transport {
  /** The body of a success as it is; undefined for 404 in Mailjet's form. */
  text(call: Call): Promise<string | undefined>;
  /** 404 in Mailjet's form is an answer too. */
  acknowledged(call: Call): Promise<Acknowledgement>;
  /** The entries of the answer; undefined for 404 in Mailjet's form. */
  read<T>(schema: z.ZodType<T>, call: Call): Promise<T[] | undefined>;
  /** The entries of the answer, with what is said about it. */
  written<T>(schema: z.ZodType<T>, call: Call): Promise<{ entries: T[] } & Acknowledgement>;
  /** Every entry of a collection, read in pages. Throws `park` MAILJET_TOO_MANY beyond 20 of them. */
  readAll<T>(schema: z.ZodType<T>, call: Omit<Call, 'method'>): Promise<T[] | undefined>;
}

/** wire: platforms.md 1.1, `Limit` is at most 1000 (and 10 when it is left out). */
export const pageSize = 1000;
const mostPages = 20;

export interface TransportOptions {
  readonly settings: Pick<MailjetSettings, 'baseUrl' | 'publicKey' | 'secretKey'>;
  readonly http: HttpClient;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export function createTransport({ settings, http, now }: TransportOptions): Transport {
  const { baseUrl, publicKey, secretKey } = settings;

  /** 2xx and 304 only. */
  async function send(call: Call): Promise<HttpResponse> {
    const credentials = Buffer.from(`${publicKey}:${secretKey.reveal()}`).toString('base64');
    const answer = await http.request({
      method: call.method,
      url: `${baseUrl}${call.path}`,
      template: call.template,
      headers: {
        Authorization: `Basic ${credentials}`,
        ...(call.body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      signal: call.signal,
    });
    const isSuccess = (answer.status >= 200 && answer.status <= 299) || answer.status === 304;
    if (!isSuccess) throw mailjetError(answer, call.template, now());
    return answer;
  }

  function parsed<T>(schema: z.ZodType<T>, answer: HttpResponse, template: string): T[] {
    const result = listOf(schema).safeParse(parseJson(answer.text, 'Mailjet'));
    if (result.success) return result.data.Data;
    throw new ConnectorError(
      'retry',
      'MAILJET_UNEXPECTED_ANSWER',
      `Mailjet answered ${template} in a form that is not the described one.`,
      { status: answer.status },
    );
  }

  async function read<T>(schema: z.ZodType<T>, call: Call): Promise<T[] | undefined> {
    const answer = await orGone(() => send(call));
    return answer && parsed(schema, answer, call.template);
  }

  return {
    read,

    text: async (call) => (await orGone(() => send(call)))?.text,

    async written(schema, call) {
      const answer = await send(call);
      const entries = parsed(schema, answer, call.template);
      return { entries, found: true, status: answer.status, requestId: requestIdOf(answer.headers) };
    },

    async acknowledged(call) {
      try {
        const answer = await send(call);
        // A page of some proxy, with status 200, is no confirmation; an empty body is.
        if (answer.text.trim() !== '') parseJson(answer.text, 'Mailjet');
        return { found: true, status: answer.status, requestId: requestIdOf(answer.headers) };
      } catch (error) {
        if (!isGone(error)) throw error;
        return { found: false, status: 404, requestId: error.requestId };
      }
    },

    async readAll(schema, call) {
      const all = [];
      for (let page = 0; page < mostPages; page += 1) {
        const query = `${call.path.includes('?') ? '&' : '?'}Limit=${pageSize}&Offset=${page * pageSize}`;
        const entries = await read(schema, { ...call, method: 'GET', path: `${call.path}${query}` });
        if (entries === undefined) return undefined;
        all.push(...entries);
        if (entries.length < pageSize) return all;
      }
      throw new ConnectorError('park', 'MAILJET_TOO_MANY', `Mailjet has too many entries for ${call.template}.`);
    },
  };
}

function isGone(error: unknown): error is ConnectorError {
  return error instanceof ConnectorError && error.kind === 'gone';
}

async function orGone<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}
